// Whatever keeps the engines of one role from coming up, the other role is not affected.
import * as fc from 'fast-check';
import type { Role } from '../../src/domain/engine';
import { runs } from '../repetitions';
import { World } from './world';
import { assertSettled } from './world-at-rest';
import { listedEngines } from '../../src/workflows/vpn/views/lists';

type Step = (world: World) => void;

/** Lets everything go on, in steps of 5 s. */
function goOn(world: World, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 5) {
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(5_000);
  }
}

function engines(world: World, role: Role): string[] {
  return [...world.containers.values()].filter((c) => c.role === role && c.running).map((c) => c.id);
}

function listed(world: World): { readonly forwarded: boolean }[] {
  return listedEngines(world.state.data, world.now) ?? [];
}

/** The n-th engine of that role is lost: its process ends, or its container is removed. */
function lose(role: Role): fc.Arbitrary<Step> {
  return fc.tuple(fc.nat(9), fc.boolean()).map(([n, removed]) => (world) => {
    const all = engines(world, role);
    const id = all[n % all.length] ?? '';
    const container = world.containers.get(id);
    if (removed) world.containers.delete(id);
    else if (container) container.running = false;
  });
}

const time: fc.Arbitrary<Step> = fc.integer({ min: 5, max: 400 }).map((seconds) => (world) => goOn(world, seconds));
const port: fc.Arbitrary<Step> = fc.constantFrom(40_000, 40_001, 40_002).map((to) => (world) => (world.port = to));
const outage: fc.Arbitrary<Step> = fc.constant((world) => {
  world.setHealth('unhealthy');
  goOn(world, 5);
  world.setHealth('healthy');
});
const restart: fc.Arbitrary<Step> = fc.boolean().map((anew) => (world) => world.restartVpn(anew));
const renewal: fc.Arbitrary<Step> = fc.constant((world) => world.continueAsNew());

function plays(role: Role): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(time, lose(role), port, outage, restart, renewal), { maxLength: 12 });
}

/** Longer than the backoff after engines that keep dying, and than the VPN's remedies. */
const LONG_S = 900;

test('plain engines are kept while the forwarded one can not come up, one of them in its place, and it comes up once it can', () => {
  const targets = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(
      plays('plain'),
      targets,
      fc.boolean(),
      fc.boolean(),
      (play, targetEngines, fromTheStart, isPortTaken) => {
        const world = new World({ targetEngines });
        if (!fromTheStart) goOn(world, 60);
        if (isPortTaken) world.held.add(40_000).add(40_001).add(40_002).add(40_003).add(19_000).add(45_001);
        else world.unable.add('forwarded');
        if (!fromTheStart) world.port = 40_003;
        for (const step of play) step(world);
        goOn(world, LONG_S);
        world.assertPromises();
        // An engine on a former port may be left.
        expect(listed(world).length).toBeGreaterThanOrEqual(targetEngines);
        const plain = engines(world, 'plain').length;
        expect(plain).toBeGreaterThanOrEqual(targetEngines - engines(world, 'forwarded').length);
        world.unable.clear();
        world.held.clear();
        world.settle();
        assertSettled(world);
      },
    ),
    runs(80),
  );
});

test('the forwarded engine is kept while plain ones can not come up, and they come up once they can', () => {
  fc.assert(
    fc.property(plays('forwarded'), fc.integer({ min: 2, max: 4 }), (play, targetEngines) => {
      const world = new World({ targetEngines });
      goOn(world, 60);
      world.unable.add('plain');
      for (const step of play) step(world);
      goOn(world, LONG_S);
      world.assertPromises();
      expect(listed(world).filter((e) => e.forwarded)).toHaveLength(1);
      world.unable.clear();
      world.settle();
      assertSettled(world);
    }),
    runs(80),
  );
});

test('with one engine wanted, a plain one takes the place of the forwarded one while that can not come up', () => {
  const world = new World({ targetEngines: 1 });
  world.unable.add('forwarded');
  goOn(world, 120);
  expect(listed(world)).toMatchObject([{ role: 'plain', forwarded: false }]);
  world.unable.clear();
  goOn(world, 600);
  expect(listed(world)).toMatchObject([{ role: 'forwarded', forwarded: true }]);
});

test('several engines that are held back are tried in turns', () => {
  const world = new World({ targetEngines: 4 });
  world.unable.add('plain');
  goOn(world, 60 * 60);
  const tries = world.state.data.replacements.filter((r) => r.target?.role === 'plain').map((r) => r.failedAttempts);
  expect(tries).toHaveLength(3);
  expect(Math.max(...tries) - Math.min(...tries)).toBeLessThanOrEqual(2);
});
