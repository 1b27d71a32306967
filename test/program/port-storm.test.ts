import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { NO_PROXY, Stage } from './stage';

// What keeps changing is followed more and more slowly. One VPN's port keeps moving, the other's health comes and goes, side by
// side.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    vpns: [{ port: 40_000 }, { port: 50_000, healthIntervalMs: 300 }],
    env: { ...NO_PROXY, MIN_REPLICAS: '2', PORT_CHANGE_SPACING_MAX_S: '6', VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0' },
  });
  await stage.listed(2);
}, 60_000);

afterAll(() => stage.clear());

/** What was done about the port so far: engines brought up for it, and those under way sent on to a newer one. */
function followed(): number {
  const name = stage.vpn(0).name;
  return stage.portward.logLines.filter(
    ({ text }) => text.startsWith(`[${name}]`) && /replacing forwarded engine|retargeted to port/.test(text),
  ).length;
}

async function changeAndSee(port: number): Promise<void> {
  const vpn = stage.vpn(0);
  await vpn.changePort(port);
  await until(`port ${port} seen`, async () => (await stage.statusOf(vpn)).forwarded_port === port);
}

test.concurrent(
  'a port that keeps changing: two changes are followed at once, the next with pauses, and the last port for certain',
  async () => {
    const vpn = stage.vpn(0);
    await changeAndSee(40_001);
    await changeAndSee(40_002);
    expect((await stage.statusOf(vpn)).forwarding).not.toBe('unstable');
    const since = performance.now();
    await changeAndSee(40_003);
    await until('the VPN shown as unstable', async () => (await stage.statusOf(vpn)).forwarding === 'unstable');
    await stage.portward.untilLog(/keeps changing its port: the next engine is not brought up for \d+ s/);
    expect(followed()).toBe(2);
    const waiting = await until('an engine that waits, not forwarded', async () =>
      (await stage.engines()).find((e) => e.vpn_container === vpn.name),
    );
    expect(waiting).toMatchObject({ forwarded: false, p2p_port: 40_002 });

    for (let port = 40_004; port <= 40_012; port++) await changeAndSee(port);
    await stage.forwarded(40_012, vpn);
    await stage.quiet(vpn);
    // Of ten changes, however long they have taken.
    expect(followed() - 2).toBeLessThanOrEqual(1 + (performance.now() - since) / 5_000);
    expect(followed()).toBeLessThan(12);
    expect(await stage.containers(vpn)).toHaveLength(1);
    expect((await stage.statusOf(vpn)).forwarding).toBe('unstable');
  },
);

test.concurrent(
  'health that comes and goes: two outages are followed by new engines at once, the next with pauses',
  async () => {
    const vpn = stage.vpn(1);
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
    // Kept until its turn.
    expect(third?.old_engine?.container_id).toBe(second?.new_engine?.container_id);
    await stage.forwarded(50_000, vpn);
  },
);
