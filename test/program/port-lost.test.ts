import { until } from '../simulator/until';
import { Stage } from './stage';

// A VPN that has lost its port for good is restarted inside its container, where its network and the engines in it stay.

let stage: Stage;
let startedAt: string;

beforeAll(async () => {
  stage = await Stage.start({
    // What the control server can't tell is unknown after 4 s, twice as long as a lost port is waited for.
    env: { MIN_REPLICAS: '3', PORT_LOST_TIMEOUT_S: '2', GLUETUN_PORT_CACHE_TTL_S: '4' },
  });
  await stage.forwarded(65_290);
  await stage.listed(3);
  await stage.quiet();
  startedAt = await containerStartedAt();
}, 60_000);

afterAll(() => stage.clear());

async function containerStartedAt(): Promise<string> {
  return (await stage.simulation.docker.getContainer(stage.vpn().containerId).inspect()).State.StartedAt;
}

async function statusChanges(): Promise<unknown[]> {
  return (await stage.vpn().requests()).filter((r) => r.method === 'PUT').map((r) => [r.path, r.status]);
}

test.each([
  ['refuses access', { auth: true }, /401/],
  ['fails', { auth: false }, /500/],
])('a control server that only %s is no lost port: nothing is restarted', async (_what, { auth }, says) => {
  const vpn = stage.vpn();
  if (auth) await vpn.setAuth({ mode: 'apikey', key: 'another' });
  else await vpn.setFault({ kind: '500' });
  await until('the port unknown', async () => {
    const { forwarding, port_problem: problem } = await stage.statusOf();
    return forwarding === 'unknown' && says.test(problem ?? '');
  });
  expect(await statusChanges()).toEqual([]);
  await (auth ? vpn.setAuth({ mode: 'none' }) : vpn.setFault(null));
  await stage.forwarded(65_290);
  expect(await stage.statusOf()).toMatchObject({ remedy: null, port_problem: null });
});

test('a VPN that its owner has stopped inside its container is left so, which is said; once it is started all goes on', async () => {
  await stage.vpn().stopVpn();
  await until('the problem', async () =>
    /the VPN in container '\S+' is stopped: start it/.test((await stage.statusOf()).problem ?? ''),
  );
  // Twice as long as a lost port is waited for.
  await until('no engine forwarded', async () => (await stage.engines()).every((e) => !e.forwarded));
  await stage.vpn().runVpn();
  await stage.forwarded(65_290);
  await stage.portReadAgain();
  expect(await statusChanges()).toEqual([]);
  expect(await stage.statusOf()).toMatchObject({ problem: null, remedy: null, forwarding: 'forwarded' });
});

test('a port that is lost for good: the VPN is restarted inside its container, and only the forwarded engine follows', async () => {
  const plain = (await stage.engines()).filter((e) => !e.forwarded).map((e) => e.container_id);
  await stage.vpn().setNextPort(40_648);
  await stage.vpn().losePort();
  await stage.portward.untilLog(
    /has had no forwarded port for \d+ s - restarting the VPN inside its container \(1 of 3\)/,
  );
  const fresh = await stage.forwarded(40_648);
  await stage.portward.untilLog(/has a forwarded port again after \d+ s: 40648, before it was 65290/);
  await stage.quiet();

  expect(await containerStartedAt()).toBe(startedAt);
  expect(await statusChanges()).toEqual([
    ['/v1/vpn/status', 200],
    ['/v1/vpn/status', 200],
  ]);
  const ids = (await stage.containers()).map((c) => c.id);
  expect(ids.toSorted()).toEqual([fresh.container_id, ...plain].toSorted());
  expect((await stage.replacements())[0]).toMatchObject({ cause: 'port changed', old_port: 65_290, new_port: 40_648 });
  expect(await stage.statusOf()).toMatchObject({
    forwarding: 'forwarded',
    forwarded_port: 40_648,
    port_problem: null,
    remedy: { kind: 'restart VPN', ended_at: expect.any(String), error: null },
  });
});

test('lost once more soon afterwards: the next restart has its pause, and the engine stays listed, not as forwarded', async () => {
  const { container_id: id } = await stage.forwarded(40_648);
  await stage.vpn().losePort();
  await until('the port lost', async () => (await stage.statusOf()).forwarding === 'lost');
  const listed = await until('no engine forwarded', async () => {
    const engines = await stage.engines();
    return engines.length === 3 && engines.every((e) => !e.forwarded) ? engines : null;
  });
  expect(listed.map((e) => e.container_id)).toContain(id);
  expect(await statusChanges()).toHaveLength(2);
});
