import { engineFailureCases, FAILING_PORTS } from './engine-failures.cases';
import { forcedCases } from './forced.cases';
import { metricsCases } from './metrics.cases';
import { NO_PROXY, Stage } from './stage';

// Replacements by hand, because of a port change (as /metrics shows it), and because engines fail. The VPNs with failures have two engines
// each, the others one.

const BY_HAND = FAILING_PORTS.length;
const MEASURED = BY_HAND + 1;
const ENGINES = 2 * FAILING_PORTS.length + 2;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [...FAILING_PORTS.map((port) => ({ port })), {}, {}],
    env: {
      ...NO_PROXY,
      MIN_REPLICAS: String(ENGINES),
      MIN_FREE_REPLICAS: '0',
      HEALTH_CHECK_INTERVAL_S: '0.5',
      // A busy machine may see a dead engine's API fail before it sees Docker's event.
      HEALTH_FAILURE_THRESHOLD: '6',
    },
  });
  await stage.listed(ENGINES);
  await Promise.all(stage.vpns.map((vpn) => stage.quiet(vpn)));
}, 60_000);
afterAll(() => stage?.clear());

metricsCases(() => stage, MEASURED);
engineFailureCases(() => stage);
forcedCases(() => stage, BY_HAND);
