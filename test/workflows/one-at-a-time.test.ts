// Engines that write to one volume (`oneAtATime`): in whatever order things happen, an engine is made only when the one before is gone.
import * as fc from 'fast-check';
import { runs } from '../repetitions';
import { settings, World } from './world';

type Step = (world: World) => void;
const LATEST = 5;

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>((w) => w.observe()) },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.nat(9), fc.boolean()).map<Step>(([n, releaseFirst]) => (w) => {
      const running = w.running();
      const number = running[n % Math.max(1, running.length)];
      if (number !== undefined) w.step(number, releaseFirst);
    }),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20_000 }).map<Step>((ms) => (w) => w.pass(ms)) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 40_000, max: 40_000 + LATEST }).map<Step>((port) => (w) => (w.port = port)),
  },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.force(null)) },
  { weight: 1, arbitrary: fc.constant<Step>((w) => w.continueAsNew()) },
);

/** The highest number of containers at a time, and how many were made in all. */
function play(oneAtATime: boolean, played: readonly Step[]): { most: number; made: number } {
  const world = new World({ ...settings, targetEngines: 1, oneAtATime });
  const seen = new Set<string>();
  let most = 0;
  const count = () => {
    for (const id of world.containers.keys()) seen.add(id);
    most = Math.max(most, world.containers.size);
  };
  for (const step of played) {
    step(world);
    count();
  }
  world.settle();
  count();
  return { most, made: seen.size };
}

const plays = fc.array(steps, { minLength: 20, maxLength: 80 });

test('there are never two at a time', () => {
  fc.assert(
    fc.property(plays, (played) => {
      expect(play(true, played).most).toBeLessThanOrEqual(1);
    }),
    runs(200),
  );
});

test('without that setting engines run side by side in the same runs, so the test above can fail', () => {
  const played = fc.sample(plays, { numRuns: 100, seed: 7 });
  const sideBySide = played.filter((one) => play(false, one).most > 1);
  expect(sideBySide.length).toBeGreaterThan(10);
  const made = sideBySide.map((one) => play(true, one).made);
  expect(Math.max(...made)).toBeGreaterThan(2);
});
