import { VpnState } from '../../src/workflows/vpn/state';
import { breakers } from '../builders';
import { World } from './world';
import { enginesView, listedEngines } from '../../src/workflows/vpn/views/lists';

/** A VPN with its forwarded engine. */
function withEngine(change: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World({ targetEngines: 1, ...change });
  world.observe();
  for (const number of [...world.running(), ...world.running(), ...world.running()]) world.step(number, true);
  world.observe();
  expect((listedEngines(world.state.data, world.now) ?? []).map((e) => [e.p2pPort, e.forwarded])).toEqual([
    [world.port, true],
  ]);
  return world;
}

/** What the list says about a move of the port, and whether the old engine is still listed after a move. */
function move(world: World): { readonly says: boolean; readonly isListed: boolean } {
  const [engine] = listedEngines(world.state.data, world.now) ?? [];
  const says = enginesView(world.state.data, world.now).replacesOnMove === true;
  world.port = (world.port ?? 0) + 10;
  world.observe();
  return { says, isListed: (listedEngines(world.state.data, world.now) ?? []).some((e) => e.id === engine?.id) };
}

test('the list says that the engine will be hidden as soon as the port has moved, and it is', () => {
  expect(move(withEngine())).toEqual({ says: true, isListed: false });
  expect(move(withEngine({ drainMs: 60_000 }))).toEqual({ says: true, isListed: false });
});

test('it does not say so during the backoff, and does when the port has been quiet for long', () => {
  const world = withEngine();
  const goOn = () => {
    for (let i = 0; i < 4; i++) {
      for (const number of world.running()) world.step(number, true);
      world.pass(500);
      world.observe();
    }
  };
  for (let i = 0; i < 2; i++) {
    expect(move(world)).toEqual({ says: true, isListed: false });
    goOn();
  }
  expect(move(world)).toEqual({ says: false, isListed: true });
  world.pass(10 * 60_000);
  goOn();
  expect(move(world)).toEqual({ says: true, isListed: false });
});

test('it does not say so while the circuit breaker allows no engine in its place', () => {
  const world = withEngine();
  world.state = new VpnState({
    ...world.state.data,
    breakers: breakers({ general: { openedAt: world.now }, replacement: { openedAt: world.now } }),
  });
  expect(move(world)).toEqual({ says: false, isListed: true });
});

test('it does not say so where a new engine could not be made, nor while Docker is unreachable', () => {
  const world = withEngine();
  const { data } = world.state;
  if (data.snapshot === null) throw new Error('there is no snapshot');
  const says = (change: Partial<typeof data>) => enginesView({ ...data, ...change }, world.now).replacesOnMove;
  expect(says({})).toBe(true);
  expect(says({ snapshot: { ...data.snapshot, imagePresent: false } })).toBe(false);
  expect(says({ unreachable: { kind: 'unreachable', at: world.now, problem: 'no Docker' } })).toBe(false);
});
