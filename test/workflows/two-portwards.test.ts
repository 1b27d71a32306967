import * as fc from 'fast-check';
import { beganAt, label, makerOf, newIncarnation } from '../../src/domain/names';
import { DAY } from '../builders';
import { World } from './world';
import { assertSettled } from './world-at-rest';
import { noteFormerIncarnation } from '../../src/workflows/vpn/observe/replacement-reports';
import { listedEngines } from '../../src/workflows/vpn/views/lists';
import { provisioningRefusal } from '../../src/workflows/vpn/requests/eligibility';
import { force } from '../../src/workflows/vpn/requests/forcing';

// Two Portwards of one instance, each with a database of its own, on one VPN. They share only Docker.

const HOUR_MS = 60 * 60_000;
const OLDER = newIncarnation(DAY - HOUR_MS, 'abcd');
const YOUNGER = newIncarnation(DAY, 'abcd');

class Two {
  readonly older = new World({ targetEngines: 2 }, OLDER);
  readonly younger: World;
  private stopped: World | null = null;

  /** @param wanted number of engines in the settings of the younger one */
  constructor(wanted = 2) {
    this.younger = new World({ targetEngines: wanted }, YOUNGER, this.older);
    this.older.now = DAY - HOUR_MS;
    this.settle([this.older], 40);
    for (const world of this.worlds) world.now = DAY;
    this.run(20);
  }

  /** Steps both so many times, alternating which one is first. */
  run(rounds: number, both = [this.older, this.younger].filter((w) => w !== this.stopped)): void {
    for (let round = 0; round < rounds; round++) this.settle(round % 2 === 0 ? both : both.toReversed(), 1);
  }

  changePort(port: number): void {
    for (const world of this.worlds) world.port = port;
  }

  stop(world: World): void {
    this.stopped = world;
  }

  get worlds(): World[] {
    return [this.older, this.younger];
  }

  get began(): number[] {
    return this.worlds.map((w) => w.state.data.nextNumber - 1);
  }

  private settle(worlds: readonly World[], rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      for (const world of worlds) world.observe();
      for (const world of worlds) for (const number of world.running()) world.step(number, true);
      // Both have the same clock.
      const now = Math.max(...this.worlds.map((w) => w.now)) + 5_000;
      for (const world of this.worlds) world.now = now;
      for (const world of worlds) world.pass(0);
      for (const world of worlds) world.assertPromises();
    }
  }
}

/** The forwarded engines on its list. */
const forwarded = (world: World) =>
  (listedEngines(world.state.data, world.now) ?? []).filter((e) => e.forwarded).map((e) => e.id);
const phase = (world: World) => world.state.data.rival?.phase ?? null;

/** Both see a port change, so that one notices the other. */
function noticed(two: Two): void {
  two.changePort(40_001);
  two.run(40);
  expect(two.worlds.map(phase)).toContain('at work');
}

test('bring up few engines for a port change that both see, and then only one of them acts', () => {
  const two = new Two();
  const before = two.began;
  noticed(two);
  expect(two.began[0] ?? 0).toBeLessThanOrEqual((before[0] ?? 0) + 3);
  expect(two.began[1] ?? 0).toBeLessThanOrEqual((before[1] ?? 0) + 3);
  expect(phase(two.younger)).toBe('at work');

  // From now on each change is one replacement of the older one, and the younger one shows the same list.
  for (const port of [40_002, 40_003, 40_004]) {
    const [acted = 0, watched = 0] = two.began;
    two.changePort(port);
    two.run(30);
    expect(two.began).toEqual([acted + 1, watched]);
    const made = [...two.older.containers.values()].filter((c) => c.role === 'forwarded');
    expect(made.map((c) => [c.p2pPort, makerOf(c.labels)])).toEqual([[port, OLDER]]);
    expect(two.worlds.map(forwarded)).toEqual([[made[0]?.id], [made[0]?.id]]);
    expect(two.older.state.data.evicted).toEqual([]);
  }
});

test("that want different numbers of engines do not undo each other's work", () => {
  const two = new Two(4);
  two.run(60);
  expect(phase(two.older)).toBe('at work');
  const [acted, watched] = two.began;
  two.run(200);
  expect(two.began.map((n, i) => n - ([acted, watched][i] ?? 0)).every((more) => more <= 1)).toBe(true);
});

test('when the one that acts is stopped: the other one takes over its engines, and there is no problem any more', () => {
  const two = new Two();
  noticed(two);
  two.stop(two.older);
  two.changePort(40_002);
  two.run(10);
  // Not at once: the other one may only be slow.
  expect(forwarded(two.younger)).toEqual([]);
  two.run(120);
  expect(two.younger.state.data.rival).toBeNull();
  assertSettled(two.younger);
});

test('when the one that watches is stopped: the other one goes on, and forgets it after an hour', () => {
  const two = new Two();
  noticed(two);
  two.stop(two.younger);
  two.changePort(40_002);
  two.run(40);
  assertSettled(two.older);
  two.older.now += HOUR_MS;
  two.run(2);
  expect(two.older.state.data.rival).toBeNull();
});

test('when one only watches: it refuses requests for an engine or a replacement', () => {
  const two = new Two();
  noticed(two);
  const { state, now } = two.younger;
  const request = { requestId: 'asked', labels: {}, sealedEnv: null, httpPort: null };
  expect(provisioningRefusal(state.data, request, now)).toMatch(/another Portward/);
  const toReplace = { engine: null, reason: null, requestId: null };
  expect(() => force(state, toReplace, now)).toThrow(/another Portward/);
});

test('come to rest with one forwarded engine that both list, whatever happens in whatever order', () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((rounds) => (two: Two) => two.run(rounds)),
    fc.constantFrom(40_001, 40_002, 40_003).map((port) => (two: Two) => two.changePort(port)),
    fc.nat(9).map((n) => (two: Two) => {
      const engines = [...two.older.containers.values()];
      const engine = engines[n % Math.max(1, engines.length)];
      if (engine) engine.running = false;
    }),
    fc.nat(9).map((n) => (two: Two) => two.older.sicken([...two.older.containers.keys()][n] ?? '')),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (sequence) => {
      const two = new Two();
      for (const act of sequence) act(two);
      two.run(300);
      const port = two.older.port;
      const made = [...two.older.containers.values()].filter((c) => c.role === 'forwarded');
      expect(made.map((c) => c.p2pPort)).toEqual([port]);
      expect(two.worlds.map(forwarded)).toEqual([[made[0]?.id], [made[0]?.id]]);
      const before = two.began;
      two.run(100);
      expect(two.began).toEqual(before);
    }),
    { numRuns: 10 },
  );
});

/** A Portward with a former incarnation, which has made one engine. */
function afterFormerLife(endedAt = DAY, begun = DAY): World {
  const former = new World({ targetEngines: 1 }, OLDER);
  former.now = endedAt - HOUR_MS;
  former.settle();
  const world = new World({ targetEngines: 1 }, newIncarnation(begun, 'abcd'), former);
  world.now = begun;
  world.observe();
  return world;
}
/** An engine of the former incarnation appears. */
function appears(world: World): void {
  const [engine] = [...world.containers.values()];
  if (!engine) throw new Error('an engine was expected');
  const ports = { httpPort: 19_007, httpsPort: 45_007, role: 'plain' as const, p2pPort: null };
  const labels = { ...engine.labels, [label.replacement]: `${OLDER}/9` };
  world.containers.set('late', { ...engine, ...ports, labels, id: 'late', name: 'late', createdAt: world.now });
  world.observe();
}

describe('a Portward that is alone', () => {
  test('and whose database was lost finds engines from before, and no problem', () => {
    const world = afterFormerLife();
    world.port = 40_001;
    world.settle();
    expect(world.state.data.rival).toBeNull();
    assertSettled(world);
  });

  test('and whose clock was set back finds engines from the future, and no problem', () => {
    const world = afterFormerLife(DAY, DAY - 24 * HOUR_MS);
    expect([...world.containers.values()].every((c) => c.createdAt > world.now)).toBe(true);
    world.pass(60_000);
    world.observe();
    expect(world.state.data.rival).toBeNull();
  });

  test('accepts an engine that a former incarnation brings up while it ends', () => {
    const world = afterFormerLife();
    world.now += 59_000;
    appears(world);
    expect(world.state.data.rival).toBeNull();
  });

  test('does not take a former incarnation for a rival once a replacement of it has reported', () => {
    const world = afterFormerLife();
    world.now += 10 * 60_000;
    appears(world);
    expect(phase(world)).toBe('suspected');
    noteFormerIncarnation(world.state, OLDER);
    expect(world.state.data.rival).toBeNull();
    world.containers.delete('late');
    appears(world);
    expect(world.state.data.rival).toBeNull();
  });

  test('reports a rival after 10 s if nobody reports to have made an engine', () => {
    const world = afterFormerLife();
    world.now += 10 * 60_000;
    appears(world);
    world.pass(9_000);
    expect(phase(world)).toBe('suspected');
    world.pass(1_000);
    expect(phase(world)).toBe('at work');
  });
});

test('names of incarnations sort by when they began, and those of earlier releases come first', () => {
  const [first, second] = [newIncarnation(DAY, 'ffff'), newIncarnation(DAY + 1, '0000')];
  expect(['abcdef12', second, first].toSorted()).toEqual(['abcdef12', first, second]);
  expect([first, 'abcdef12'].map(beganAt)).toEqual([DAY, null]);
});
