// Ports in the VPN's network on which something else listens.
import { problemOf } from '../../src/workflows/vpn/report/problems';
import type { Replacement } from '../../src/domain/replacement';
import { World } from './world';
import { assertSettled } from './world-at-rest';
import { listedEngines } from '../../src/workflows/vpn/views/lists';
import { provisioningRefusal } from '../../src/workflows/vpn/requests/eligibility';

const HTTP = [19_000, 19_001, 19_002];

/** Lets everything go on, a second at a time. */
function goOn(world: World, seconds: number): void {
  for (let passed = 0; passed < seconds; passed++) {
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(1_000);
  }
}

function last(world: World): Replacement | undefined {
  return world.state.data.replacements.at(-1);
}

test('a taken forwarded port is the problem, with its holder, until the port is free, and no breaker opens', () => {
  const world = new World({ targetEngines: 2 });
  world.held.add(40_000);
  goOn(world, 10);
  expect(problemOf(world.state.data)).toBe(
    "port 40000 is taken in the network of VPN 'gluetun', by container 'torrent', so that no engine can have the forwarded port: stop that, or let it listen elsewhere",
  );
  expect(listedEngines(world.state.data, world.now)).toHaveLength(2);
  // The plain engine in its place does not count as failed: the next failure is replaced at once.
  expect(world.state.data.replacements.map((r) => r.cause)).not.toContain('engine missing');
  goOn(world, 120);
  expect(world.state.data.breakers.forwarded.general).toMatchObject({ failures: 0, openedAt: null });
  world.held.clear();
  world.settle();
  expect(problemOf(world.state.data)).toBeNull();
  assertSettled(world);
});

test('when the forwarded port changes from a taken one to another, the problem ends', () => {
  const world = new World();
  world.held.add(40_000);
  goOn(world, 5);
  world.port = 40_001;
  goOn(world, 90);
  expect(problemOf(world.state.data)).toBeNull();
  assertSettled(world);
});

test('an engine whose HTTP or HTTPS port is taken moves to others at once, also a forwarded one, which keeps its forwarded port', () => {
  const world = new World({ targetEngines: 3 });
  for (const port of HTTP) world.held.add(port);
  world.held.add(45_000);
  goOn(world, 30);
  assertSettled(world);
  const used = [...world.containers.values()].map((c) => c.httpPort);
  expect(used.filter((port) => HTTP.includes(port))).toEqual([]);
  expect(problemOf(world.state.data)).toBeNull();
});

test('a port that was taken is tried again after a while', () => {
  const world = new World({ targetEngines: 1 });
  for (const port of HTTP) world.held.add(port);
  goOn(world, 30);
  expect(world.state.data.takenPorts.map(({ port }) => port)).toEqual(HTTP);
  world.held.clear();
  goOn(world, 600);
  expect(world.state.data.takenPorts).toEqual([]);
  world.setTarget(2);
  goOn(world, 10);
  expect([...world.containers.values()].map((c) => c.httpPort)).toContain(19_000);
});

test('a request for a port that turns out to be taken fails with that reason, and the next such request is refused at once', () => {
  const world = new World();
  goOn(world, 30);
  world.held.add(19_005);
  world.provision(19_005);
  goOn(world, 5);
  expect(last(world)).toMatchObject({
    cause: 'requested',
    target: null,
    state: 'completed',
    lastError: 'provisioning: no',
  });
  const again = { requestId: 'again', labels: {}, sealedEnv: null, httpPort: 19_005 };
  expect(provisioningRefusal(world.state.data, again, world.now)).toBe(
    "port 19005 of VPN 'gluetun' is taken, or reserved",
  );
});

test('a request for an engine on any port gets another port than the taken one', () => {
  const world = new World();
  goOn(world, 30);
  world.held.add(19_002).add(19_003);
  world.provision(null);
  goOn(world, 10);
  expect(last(world)).toMatchObject({ cause: 'requested', state: 'completed', target: { httpPort: 19_004 } });
});

test('a requested engine that keeps reporting its ports as taken is moved only a few times', () => {
  const world = new World();
  goOn(world, 30);
  for (let port = 19_002; port <= 19_009; port++) world.held.add(port);
  world.provision(null);
  goOn(world, 30);
  expect(last(world)).toMatchObject({ cause: 'requested', target: null, lastError: 'provisioning: no' });
  expect(world.state.data.takenPorts).toHaveLength(4);
});
