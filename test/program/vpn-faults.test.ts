import { controlServerCases, FAULTY_VPNS } from './control-server.cases';
import { lostPortCases } from './lost-port.cases';
import { NO_PROXY, Stage } from './stage';
import { UNHEALTHY, UNHEALTHY_FOR_S, unhealthyVpnCases } from './unhealthy-vpn.cases';

// Faults of a VPN while its container runs, each on a VPN of its own and all at the same time.

const PORT = 65_290;
const LOST = FAULTY_VPNS;
const STARTING = LOST + 1;
/** Long enough for a busy machine to call `setHealth(false)` before the VPN is up. */
const STARTS_FOR_MS = 10_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.inMemory();
  await stage.openGate();
  const count = STARTING + UNHEALTHY;
  await stage.addVpns(
    Array.from({ length: count }, (_, at) => ({ port: PORT, ...(at === STARTING && { startDelayMs: STARTS_FOR_MS }) })),
  );
  await stage.vpn(STARTING).setHealth(false);
  const others = stage.vpns.filter((_, at) => at !== STARTING);
  await Promise.all(others.map((vpn) => vpn.untilHealth('healthy')));
  await stage.addOldEngine({ httpPort: 19_001 }, stage.vpn(LOST));
  await stage.startPortward({
    ...NO_PROXY,
    // The plain engine that is found at the start stays.
    ENGINE_GRACE_PERIOD_S: '600',
    // The last port is valid for longer than PORT_LOST_TIMEOUT_S, and long enough to be seen after a hang.
    PORT_LOST_TIMEOUT_S: '2',
    GLUETUN_PORT_CACHE_TTL_S: '8',
    GLUETUN_TIMEOUT_S: '2',
    VPN_UNHEALTHY_RESTART_TIMEOUT_S: String(UNHEALTHY_FOR_S),
  });
  await Promise.all(others.map((vpn) => stage.forwarded(PORT, vpn)));
  await Promise.all(others.map((vpn) => stage.quiet(vpn)));
}, 120_000);

afterAll(() => stage?.clear());

controlServerCases(() => stage);
lostPortCases(() => stage, LOST);
unhealthyVpnCases(() => stage, STARTING);
