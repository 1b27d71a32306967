// No order of reports and removals stops an engine with a stream that was accepted, unless it had to go: `letGo` of the world
// checks that wherever an engine is stopped.
import * as fc from 'fast-check';
import { World } from './world';

type Step = (world: World) => void;

function nth<T>(items: readonly T[], n: number): T | undefined {
  return items.length === 0 ? undefined : items[n % items.length];
}

const nat = fc.nat(5);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: nat.map<Step>((n) => (w) => {
      const number = nth(w.running(), n);
      if (number !== undefined) w.step(number, true);
    }),
  },
  {
    weight: 6,
    arbitrary: nat.map<Step>((n) => (w) => {
      const { engines, evicted } = w.state.data;
      const engine = nth([...evicted, ...engines], n);
      if (engine) w.play(engine.id);
    }),
  },
  {
    weight: 4,
    arbitrary: nat.map<Step>((n) => (w) => {
      const stream = nth(w.playing, n);
      if (stream) w.stopPlaying(stream.id);
    }),
  },
  { weight: 3, arbitrary: fc.integer({ min: 500, max: 4_000 }).map<Step>((ms) => (w) => w.pass(ms)) },
  { weight: 3, arbitrary: fc.constant<Step>((w) => w.observe()) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map<Step>((engines) => (w) => w.setTarget(engines)) },
  { weight: 3, arbitrary: fc.constant<Step>((w) => w.collectGarbage()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.continueAsNew()) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.force(null)) },
  { weight: 1, arbitrary: fc.integer({ min: 40_000, max: 40_003 }).map<Step>((port) => (w) => (w.port = port)) },
  {
    weight: 1,
    arbitrary: nat.map<Step>((n) => (w) => {
      const engine = nth(w.state.data.engines, n);
      if (engine) w.removeEngine(engine.id);
    }),
  },
  {
    weight: 1,
    arbitrary: nat.map<Step>((n) => (w) => {
      const number = nth(w.running(), n);
      if (number !== undefined) w.terminate(number);
    }),
  },
);

test('whoever plays on an engine that need not go plays on, and whoever comes too late is not taken for one', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 20, maxLength: 60 }), fc.boolean(), (sequence, drains) => {
      const world = new World({ targetEngines: 4, drainMs: drains ? 120_000 : 0 });
      for (let round = 0; round < 3; round++) {
        world.observe();
        for (const number of world.running()) while (world.step(number, true));
        world.pass(11_000);
      }
      world.setTarget(1);
      world.collectGarbage();
      for (const step of sequence) {
        step(world);
        world.assertPromises();
      }
      const { sealed } = world.state.data;
      expect(world.playing.filter((p) => sealed.includes(p.containerId))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
