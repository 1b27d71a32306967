import { World } from './world';

test('a VPN that is not configured any more refuses what it would not carry out', () => {
  const world = new World();
  world.settle();
  const request = { engine: null, reason: null, requestId: null };
  expect(world.state.refusal(request, world.now)).toBeNull();
  world.state.retire();
  expect(world.state.refusal(request, world.now)).toMatch(/not configured any more/);
  expect(() => world.state.force(request, world.now)).toThrow(/not configured any more/);
});
