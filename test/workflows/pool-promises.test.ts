// The number of engines in worlds in which nothing fails for long, so that there are often surplus engines to release.
import * as fc from 'fast-check';
import { runs } from '../repetitions';
import { World } from './world';
import { assertSettled } from './world-at-rest';

type Step = (world: World) => void;

/** The n-th item, counted round, so that a step has an effect in every world. */
function nth<T>(items: readonly T[], n: number): T | undefined {
  return items.length === 0 ? undefined : items[n % items.length];
}

/** Lets everything go on, a second at a time. */
function goOn(world: World, seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(1_000);
  }
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 45 }).map<Step>((seconds) => (w) => goOn(w, seconds)) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }).map<Step>((engines) => (w) => w.setTarget(engines)) },
  {
    weight: 4,
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
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.collectGarbage()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.provision(null)) },
  {
    weight: 1,
    arbitrary: fc.nat(9).map<Step>((n) => (w) => {
      const engine = nth(w.state.data.engines, n);
      if (engine) w.removeEngine(engine.id);
    }),
  },
  { weight: 1, arbitrary: fc.integer({ min: 40_000, max: 40_003 }).map<Step>((port) => (w) => (w.port = port)) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.continueAsNew()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.force(null)) },
);

test('no surplus engine is stopped with a stream, and an engine that may drain serves its streams to the end', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 10, maxLength: 40 }), fc.boolean(), (sequence, drains) => {
      const world = new World({ drainMs: drains ? 120_000 : 0 });
      for (const step of sequence) {
        step(world);
        world.assertPromises();
      }
      // All viewers leave: the port range is too small for engines that are used for ever.
      const { evicted } = world.state.data;
      const [served, others] = parted(world.playing, (p) => evicted.some((e) => e.id === p.containerId));
      for (const { id } of [...served, ...others.slice(2)]) world.stopPlaying(id);
      world.settle();
      assertSettled(world);
    }),
    runs(200),
  );
});

function parted<T>(all: readonly T[], matches: (one: T) => boolean): [T[], T[]] {
  return [all.filter((one) => matches(one)), all.filter((one) => !matches(one))];
}
