import * as fc from 'fast-check';
import { runs } from '../repetitions';
import { settings, World } from './world';
import { assertSettled } from './world-at-rest';
import { resetBreaker } from '../../src/workflows/vpn/requests/controls';

type Step = (world: World) => void;

const ports = fc.constantFrom(40_000, 40_001, 40_002, 19_000, 19_001);

/** The n-th item, counted round, so that a step has an effect in every world. */
function nth<T>(items: readonly T[], n: number): T | undefined {
  return items.length === 0 ? undefined : items[n % items.length];
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>((w) => w.beginSnapshot()) },
  { weight: 4, arbitrary: fc.constant<Step>((w) => w.deliverSnapshot()) },
  { weight: 4, arbitrary: fc.constant<Step>((w) => w.observe()) },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.nat(9), fc.boolean()).map<Step>(([n, releaseFirst]) => (w) => {
      const number = nth(w.running(), n);
      if (number !== undefined) w.step(number, releaseFirst);
    }),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20_000 }).map<Step>((ms) => (w) => w.pass(ms)) },
  { weight: 3, arbitrary: ports.map<Step>((port) => (w) => (w.port = port)) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => (w.port = null)) },
  { weight: 1, arbitrary: fc.boolean().map<Step>((recreate) => (w) => w.restartVpn(recreate)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('healthy' as const, 'unhealthy' as const, 'starting' as const)
      .map<Step>((health) => (w) => w.setHealth(health)),
  },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.loseDocker()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.continueAsNew()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.stopVpn()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.removeVpn()) },
  { weight: 2, arbitrary: fc.constant<Step>((w) => w.startVpn()) },
  { weight: 1, arbitrary: fc.boolean().map<Step>((works) => (w) => w.endCure(works)) },
  {
    weight: 2,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const number = nth(w.running(), n);
      if (number !== undefined) w.failProvisioning(number);
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>((w) => resetBreaker(w.state, ['general', 'replacement'])) },
  { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 2_000_000 }).map<Step>((ms) => (w) => w.pass(ms)) },
  {
    weight: 3,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const { engines, evicted } = w.state.data;
      const engine = nth([...engines, ...evicted], n);
      if (engine) w.play(engine.id);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const stream = nth(w.playing, n);
      if (stream) w.stopPlaying(stream.id);
    }),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }).map<Step>((engines) => (w) => w.setTarget(engines)) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.collectGarbage()) },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const { engines, evicted, replacements } = w.state.data;
      const removable = evicted.filter((e) => replacements.some((r) => r.old.some((old) => old.id === e.id)));
      const engine = nth([...engines, ...removable], n);
      if (engine) w.removeEngine(engine.id);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.option(fc.integer({ min: 19_000, max: 19_010 })).map<Step>((port) => (w) => w.provision(port)),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const container = nth([...w.containers.values()], n);
      if (container) container.running = false;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => w.sicken(nth([...w.containers.keys()], n) ?? '')),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => w.revive(nth([...w.containers.keys()], n) ?? '')),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => w.stick(nth([...w.containers.keys()], n) ?? '')),
  },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.unstick()) },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const number = nth(w.running(), n);
      if (number !== undefined) w.terminate(number);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const id = nth([...w.containers.keys()], n);
      if (id !== undefined) w.containers.delete(id);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.option(fc.nat(9)).map<Step>((n) => (w) => {
      const engine = n === null ? undefined : nth(w.state.data.engines, n);
      w.force(engine?.id ?? null);
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('forwarded' as const, 'plain' as const), fc.option(ports), fc.boolean())
      .map<Step>(
        ([role, port, running]) =>
          (w) =>
            w.addForeign(role, role === 'forwarded' ? port : null, running),
      ),
  },
);

describe('whatever happens, in whatever order', () => {
  test('the list keeps its promises at every step, and the VPN comes to rest with the engines that it should have', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), fc.constantFrom(0, 60_000), (sequence, drainMs) => {
        const world = new World({ drainMs });
        for (const step of sequence) {
          step(world);
          world.assertPromises();
        }
        // All viewers leave: the port range is too small for engines that are used for ever.
        for (const { id } of world.playing.slice(2)) world.stopPlaying(id);
        world.port ??= 40_002;
        world.startVpn();
        world.setHealth('healthy');
        world.unstick();
        world.settle();
        // A surplus engine stays, hidden, as long as it has a stream.
        const hidden = new Set(world.state.data.evicted.map((e) => e.id));
        const usingHidden = world.playing.filter(({ containerId }) => hidden.has(containerId));
        for (const { id } of usingHidden) world.stopPlaying(id);
        if (usingHidden.length > 0) world.settle();
        world.assertPromises();
        assertSettled(world);
      }),
      runs(600),
    );
  });
});

test('a plain engine in place of the forwarded one is removed when the port is back', () => {
  const world = new World();
  world.settle();
  world.port = null;
  for (let round = 0; round < 60; round++) {
    const forwarded = [...world.containers.values()].find((c) => c.role === 'forwarded');
    if (forwarded) world.containers.delete(forwarded.id);
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(5_000);
  }
  expect([...world.containers.values()].map((c) => c.role)).toEqual(Array(settings.targetEngines).fill('plain'));
  world.port = 40_001;
  world.settle();
  assertSettled(world);
  expect(world.containers.size).toBe(settings.targetEngines);
});

test('engines that Portward has not made stay, however many there are', () => {
  const world = new World();
  const adopted = [1, 2, 3].map(() => world.addForeign('plain', null));
  world.settle();
  assertSettled(world);
  expect([...world.containers.keys()]).toEqual(expect.arrayContaining(adopted));
});

test('an engine that Portward has not made, holds the forwarded port and does not answer makes room for the pending one', () => {
  const world = new World();
  world.observe();
  world.sicken(world.addForeign('forwarded', 40_000));
  world.settle();
  assertSettled(world);
});
