import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { NO_PROXY, Stage } from './stage';

// Which port is followed if a VPN forwards several, and how a port is followed that keeps changing. The second forwarded port of each VPN
// counts. The control servers of the first two VPNs have other ports. One VPN is upgraded to a release that needs a key, the port of
// another keeps changing, and the health of another comes and goes.

const UPGRADED = 1;
const MOVING = 2;
const FLAPPING = 3;
/** The first forwarded port of the moving and the flapping VPN, which does not count. */
const OTHER = 39_999;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [
      { port: [40_001, 40_002], controlPort: 8_001 },
      { port: [50_001, 50_002], controlPort: 8_002 },
      { port: [OTHER, 40_000] },
      { port: [OTHER, 50_000] },
    ],
    env: {
      ...NO_PROXY,
      GLUETUN_PORT_INDEX: '1',
      GLUETUN_API_PORT_2: '8002',
      ACE_HTTPS_RANGE: '46100-46103',
      PORT_CHANGE_SPACING_MAX_S: '6',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
    },
  });
  await stage.listed(4);
}, 60_000);

afterAll(() => stage?.clear());

test("the control server's port comes from each VPN's environment or GLUETUN_API_PORT, and the engines' HTTPS ports from ACE_HTTPS_RANGE", async () => {
  await stage.forwarded(40_002, stage.vpn(0));
  await stage.forwarded(50_002, stage.vpn(1));
  const all = await Promise.all([0, 1].map((at) => stage.containers(stage.vpn(at))));
  const ports = all.flat().map((c) => Number(c.labels['acestream.https_port']));
  expect(ports.filter((port) => port < 46_100 || port > 46_103)).toEqual([]);
});

test('GLUETUN_PORT_INDEX says which port is followed; another order of the same ports changes nothing', async () => {
  const { container_id: engine } = await stage.forwarded(40_002);
  await stage.vpn().reorderPorts(40_002, 40_001);
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_002)).container_id).toBe(engine);
  expect(await stage.replacements()).toHaveLength(1);
});

test.concurrent(
  'after an upgrade of Gluetun that needs a key: the status says why there is no port, and the port is followed once it can be read',
  async () => {
    const vpn = stage.vpn(UPGRADED);
    await vpn.upgrade('master');
    const status = await until('the refusal in status', async () => {
      const shown = await stage.statusOf(vpn);
      return /refuses access \(401\)/.test(shown.port_problem ?? '') ? shown : null;
    });
    expect(status).toMatchObject({ forwarding: 'none', forwarded_port: null, health: 'healthy' });
    await vpn.setAuth({ mode: 'none' });
    await stage.forwarded(50_002, vpn);
    await stage.quiet(vpn);
    expect(await stage.containers(vpn)).toHaveLength(1);
    expect(await stage.statusOf(vpn)).toMatchObject({ forwarding: 'forwarded', port_problem: null });
  },
);

/** How often Portward has followed a change so far: with a new replacement, or by retargeting a running one. */
function followed(before = Infinity): number {
  const name = stage.vpn(MOVING).name;
  return stage.portward.logLines.filter(
    ({ at, text }) =>
      at <= before && text.startsWith(`[${name}]`) && /replacing forwarded engine|retargeted to port/.test(text),
  ).length;
}

async function changeAndSee(port: number): Promise<void> {
  const vpn = stage.vpn(MOVING);
  await vpn.changePort(OTHER, port);
  await until(`port ${port} seen`, async () => (await stage.statusOf(vpn)).forwarded_port === port);
}

test.concurrent(
  'a port that keeps changing: two changes are followed at once, the next with pauses, and the last port in any case',
  async () => {
    const vpn = stage.vpn(MOVING);
    await changeAndSee(40_001);
    await changeAndSee(40_002);
    expect((await stage.statusOf(vpn)).forwarding).not.toBe('unstable');
    const since = performance.now();
    const waiting = until('the engine that waits, not forwarded', async () =>
      (await stage.engines()).find((e) => e.vpn_container === vpn.name && !e.forwarded && e.p2p_port === 40_002),
    );
    await stage.forwarded(40_002, vpn);
    await changeAndSee(40_003);
    const { at } = await stage.portward.untilLog(
      /keeps changing its port: the next engine is not brought up for \d+ s/,
    );
    expect(followed(at)).toBe(2);
    await waiting;
    await until('the VPN shown as unstable', async () => (await stage.statusOf(vpn)).forwarding === 'unstable');

    for (let port = 40_004; port <= 40_012; port++) await changeAndSee(port);
    await stage.forwarded(40_012, vpn);
    await stage.quiet(vpn);
    // The pauses hold however long the ten changes have taken.
    expect(followed() - 2).toBeLessThanOrEqual(1 + (performance.now() - since) / 5_000);
    expect(followed()).toBeLessThan(12);
    expect(await stage.containers(vpn)).toHaveLength(1);
    expect((await stage.statusOf(vpn)).forwarding).toBe('unstable');
  },
);

test.concurrent(
  'health that comes and goes: two outages are followed by new engines at once, the next with pauses',
  async () => {
    const vpn = stage.vpn(FLAPPING);
    const flapping = meanwhile(async () => {
      for (const healthy of [false, true]) {
        await vpn.setHealth(healthy);
        const wanted = healthy ? 'healthy' : 'unhealthy';
        await until(`the VPN ${wanted}`, async () => (await stage.statusOf(vpn)).health === wanted);
      }
    });
    const [third, second] = await until(
      'three engines replaced',
      async () => {
        const reconnected = (await stage.replacements(vpn)).filter((r) => r.cause === 'VPN reconnected');
        return reconnected.length === 3 ? reconnected : null;
      },
      40_000,
    );
    await flapping.stop();
    expect(Date.parse(third?.started_at ?? '') - Date.parse(second?.started_at ?? '')).toBeGreaterThanOrEqual(5_000);
    expect((await stage.statusOf(vpn)).forwarding).toBe('unstable');
    await stage.portward.untilLog(/keeps losing its health: its engines are not replaced for/);
    // The engine stays until its replacement begins.
    expect(third?.old_engine?.container_id).toBe(second?.new_engine?.container_id);
    await stage.forwarded(50_000, vpn);
  },
);

test('a Portward that was killed goes on following the same port, at whatever index it is by then', async () => {
  const { container_id: engine } = await stage.forwarded(40_002);
  await stage.atRest();
  await stage.portward.kill('SIGKILL');
  await stage.portward.start();
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_002)).container_id).toBe(engine);
  expect(await stage.replacements()).toHaveLength(1);
  expect(await stage.statusOf()).toMatchObject({ forwarded_port: 40_002, last_port: { port: 40_002 } });
});

test('if the followed port is no longer in the list, the port at the index is followed', async () => {
  await stage.vpn().changePort(40_001, 40_003);
  const fresh = await stage.forwarded(40_003);
  await stage.quiet();
  expect((await stage.containers()).map((c) => c.id)).toEqual([fresh.container_id]);
  await stage.vpn().changePort(40_004, 40_003);
  await stage.portReadAgain();
  await stage.portReadAgain();
  expect((await stage.forwarded(40_003)).container_id).toBe(fresh.container_id);
});

test('a list that is too short for the index is a problem that says what to set, not another port', async () => {
  await stage.vpn().changePort(40_009);
  const { port_problem: problem } = await until('a problem with the port', async () => {
    const status = await stage.statusOf();
    return status.port_problem === null ? null : status;
  });
  expect(problem).toMatch(/set GLUETUN_PORT_INDEX to a number below 1/);
  expect((await stage.engines()).filter((e) => e.p2p_port === 40_009)).toEqual([]);
});
