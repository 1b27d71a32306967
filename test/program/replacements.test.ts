import { forcedCases } from './forced.cases';
import { metricsCases } from './metrics.cases';
import { NO_PROXY, Stage } from './stage';

// How an engine is replaced by hand, and what /metrics says of one that is replaced for a change of the port.

const [BY_HAND, MEASURED] = [0, 1];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ docker: 'simulated', vpns: [{}, {}], env: NO_PROXY });
  for (const at of [BY_HAND, MEASURED]) {
    await stage.forwarded(65_290, stage.vpn(at));
    await stage.quiet(stage.vpn(at));
  }
});
afterAll(() => stage?.clear());

metricsCases(() => stage, MEASURED);
forcedCases(() => stage);
