import { World } from './world';
import { force } from '../../src/workflows/vpn/requests/forcing';
import { retire } from '../../src/workflows/vpn/requests/controls';

test('a VPN that is not configured any more refuses requests that it would not carry out', () => {
  const world = new World();
  world.settle();
  const request = { engine: null, reason: null, requestId: null };
  retire(world.state);
  expect(() => force(world.state, request, world.now)).toThrow(/not configured any more/);
});
