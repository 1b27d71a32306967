// In no order of reports, removals, replacements and restarts is an engine with an accepted stream stopped, unless it has to be: the
// world's `step` checks that wherever an engine is stopped, and `assertPromises` that the workflow forgets no stream.
import * as fc from 'fast-check';
import { runs } from '../repetitions';
import { World } from './world';

type Step = (world: World) => void;

function nth<T>(items: readonly T[], n: number): T | undefined {
  return items.length === 0 ? undefined : items[n % items.length];
}

/** Longer than an idle surplus engine stays. */
const UNTIL_IDLE_MS = 31_000;

const nat = fc.nat(5);
const always = (weight: number, step: Step) => ({ weight, arbitrary: fc.constant(step) });
/** A step with one of the items, if there are any. */
const withOne = <T>(weight: number, all: (world: World) => readonly T[], step: (world: World, one: T) => void) => ({
  weight,
  arbitrary: nat.map<Step>((n) => (w) => {
    const one = nth(all(w), n);
    if (one !== undefined) step(w, one);
  }),
});
const engines = (w: World) => w.state.data.engines;
const hiddenFirst = (w: World) => [...w.state.data.evicted, ...w.state.data.engines];
const containers = (w: World) => [...w.containers.keys()];
const running = (w: World) => w.running();

const steps: fc.Arbitrary<Step> = fc.oneof(
  withOne(6, running, (w, number) => w.step(number, true)),
  withOne(2, running, (w, number) => w.step(number, false)),
  // Reports.
  withOne(8, hiddenFirst, (w, { id }) => w.play(id)),
  withOne(
    5,
    (w) => w.playing,
    (w, { id }) => w.stopPlaying(id),
  ),
  // Time, and snapshots that are out of date when they arrive.
  { weight: 3, arbitrary: fc.integer({ min: 500, max: 4_000 }).map<Step>((ms) => (w) => w.pass(ms)) },
  always(2, (w) => w.pass(UNTIL_IDLE_MS)),
  always(3, (w) => w.observe()),
  always(1, (w) => w.beginSnapshot()),
  always(1, (w) => w.deliverSnapshot()),
  // Surplus engines.
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }).map<Step>((count) => (w) => w.setTarget(count)) },
  always(3, (w) => w.collectGarbage()),
  always(1, (w) => w.provision(null)),
  // Replacements, and their ends by hand.
  { weight: 1, arbitrary: fc.integer({ min: 40_000, max: 40_003 }).map<Step>((port) => (w) => (w.port = port)) },
  always(1, (w) => w.force(null)),
  withOne(1, engines, (w, { id }) => w.force(id)),
  withOne(1, engines, (w, { id }) => w.removeEngine(id)),
  withOne(1, running, (w, number) => w.terminate(number)),
  withOne(1, running, (w, number) => w.failProvisioning(number)),
  withOne(1, containers, (w, id) => w.sicken(id)),
  // Docker does not start evicted engines again.
  withOne(1, engines, (w, { id }) => w.revive(id)),
  withOne(1, containers, (w, id) => w.stick(id)),
  always(1, (w) => w.unstick()),
  always(1, (w) => w.restartVpn(false)),
  // Restarts of Portward.
  always(1, (w) => w.continueAsNew()),
  always(1, (w) => w.restartWorker()),
);

test('an accepted stream goes on as long as its engine need not be stopped, and a stream that comes too late is refused', () => {
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
    runs(400),
  );
});
