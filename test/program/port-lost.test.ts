import type { SimulatedVpn } from '../../simulator/vpn-container';
import type { EngineJson } from '../../src/api/schemas';
import { until } from '../simulator/until';
import { lane } from './lane';
import { NO_PROXY, Stage } from './stage';

// A VPN that has lost its port for good is restarted inside its container, where its network and the engines in it stay.

let stage: Stage;
const [onFirst, onSecond, onThird] = [lane(), lane(), lane()];

beforeAll(async () => {
  stage = await Stage.start({
    vpns: [{}, {}, {}],
    // What the control server can't tell is unknown after 4 s, twice as long as a lost port is waited for.
    env: { ...NO_PROXY, MIN_REPLICAS: '6', PORT_LOST_TIMEOUT_S: '2', GLUETUN_PORT_CACHE_TTL_S: '4' },
  });
  await stage.listed(6);
  for (const vpn of stage.vpns) {
    await stage.forwarded(65_290, vpn);
    await stage.quiet(vpn);
  }
}, 60_000);

afterAll(() => stage.clear());

async function containerStartedAt(vpn: SimulatedVpn): Promise<string> {
  return (await stage.simulation.docker.getContainer(vpn.containerId).inspect()).State.StartedAt;
}

async function statusChanges(vpn: SimulatedVpn): Promise<unknown[]> {
  return (await vpn.requests()).filter((r) => r.method === 'PUT').map((r) => [r.path, r.status]);
}

async function listedOf(vpn: SimulatedVpn): Promise<EngineJson[]> {
  return (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
}

/** Resolves when the port is unknown for that reason. */
async function unknown(vpn: SimulatedVpn, says: RegExp): Promise<void> {
  await until('the port unknown', async () => {
    const { forwarding, port_problem: problem } = await stage.statusOf(vpn);
    return forwarding === 'unknown' && says.test(problem ?? '');
  });
}

async function readAgain(vpn: SimulatedVpn): Promise<void> {
  await stage.forwarded(65_290, vpn);
  // The status may be a little older than the list.
  await until('no problem with the port', async () => (await stage.statusOf(vpn)).port_problem === null);
}

test.concurrent(
  'a port that is lost for good: the VPN is restarted inside its container, and only the forwarded engine follows',
  onFirst(async () => {
    const vpn = stage.vpn(0);
    const startedAt = await containerStartedAt(vpn);
    const plain = (await listedOf(vpn)).filter((e) => !e.forwarded).map((e) => e.container_id);
    expect(plain).toHaveLength(1);
    await vpn.setNextPort(40_648);
    await vpn.losePort();
    await stage.portward.untilLog(
      /has had no forwarded port for \d+ s - restarting the VPN inside its container \(1 of 3\)/,
    );
    const fresh = await stage.forwarded(40_648, vpn);
    await stage.portward.untilLog(/has a forwarded port again after \d+ s: 40648, before it was 65290/);
    await stage.quiet(vpn);

    expect(await containerStartedAt(vpn)).toBe(startedAt);
    expect(await statusChanges(vpn)).toEqual([
      ['/v1/vpn/status', 200],
      ['/v1/vpn/status', 200],
    ]);
    const ids = (await stage.containers(vpn)).map((c) => c.id);
    expect(ids.toSorted()).toEqual([fresh.container_id, ...plain].toSorted());
    const [replacement] = await stage.replacements(vpn);
    expect(replacement).toMatchObject({ cause: 'port changed', old_port: 65_290, new_port: 40_648 });
    expect(await stage.statusOf(vpn)).toMatchObject({
      forwarding: 'forwarded',
      forwarded_port: 40_648,
      port_problem: null,
      remedy: { kind: 'restart VPN', ended_at: expect.any(String), error: null },
    });
  }),
);

test.concurrent(
  'lost once more soon afterwards: the next restart has its pause, and the engine stays listed, not as forwarded',
  onFirst(async () => {
    const vpn = stage.vpn(0);
    const { container_id: id } = await stage.forwarded(40_648, vpn);
    await vpn.losePort();
    await until('the port lost', async () => (await stage.statusOf(vpn)).forwarding === 'lost');
    const listed = await until('no engine forwarded', async () => {
      const engines = await listedOf(vpn);
      return engines.length === 2 && engines.every((e) => !e.forwarded) ? engines : null;
    });
    expect(listed.map((e) => e.container_id)).toContain(id);
    expect(await statusChanges(vpn)).toHaveLength(2);
  }),
);

test.concurrent(
  'a control server that only refuses access is no lost port: nothing is restarted',
  onSecond(async () => {
    const vpn = stage.vpn(1);
    await vpn.setAuth({ mode: 'apikey', key: 'another' });
    await unknown(vpn, /401/);
    expect(await statusChanges(vpn)).toEqual([]);
    await vpn.setAuth({ mode: 'none' });
    await readAgain(vpn);
    expect(await stage.statusOf(vpn)).toMatchObject({ remedy: null, forwarding: 'forwarded' });
  }),
);

test.concurrent(
  'a control server that only fails is no lost port: nothing is restarted',
  onThird(async () => {
    const vpn = stage.vpn(2);
    await vpn.setFault({ kind: '500' });
    await unknown(vpn, /500/);
    expect(await statusChanges(vpn)).toEqual([]);
    await vpn.setFault(null);
    await readAgain(vpn);
    expect(await stage.statusOf(vpn)).toMatchObject({ remedy: null, forwarding: 'forwarded' });
  }),
);

test.concurrent(
  'a VPN that its owner has stopped inside its container is left so, which is said; once it is started all goes on',
  onThird(async () => {
    const vpn = stage.vpn(2);
    await vpn.stopVpn();
    await until('the problem', async () =>
      /the VPN in container '\S+' is stopped: start it/.test((await stage.statusOf(vpn)).problem ?? ''),
    );
    // Twice as long as a lost port is waited for.
    await until('no engine forwarded', async () => (await listedOf(vpn)).every((e) => !e.forwarded));
    await vpn.runVpn();
    await readAgain(vpn);
    await stage.portReadAgain(vpn);
    expect(await statusChanges(vpn)).toEqual([]);
    expect(await stage.statusOf(vpn)).toMatchObject({ problem: null, remedy: null, forwarding: 'forwarded' });
  }),
);
