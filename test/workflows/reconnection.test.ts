import { runningReplacements } from '../../src/workflows/vpn/data';
import { World } from './world';

/** A VPN with two engines, whose address is known. */
function atRest(address: string | null = 'a'): World {
  const world = new World();
  world.address = address;
  world.settle();
  return world;
}

const causes = (world: World) => world.state.data.replacements.map((r) => [r.cause, r.target?.role ?? null]);

/** Lets everything finish. @returns the replacements that it took */
function settled(world: World): (string | null)[][] {
  const before = causes(world).length;
  world.settle();
  world.assertPromises();
  expect(runningReplacements(world.state.data)).toEqual([]);
  return causes(world).slice(before);
}

test('after a reconnection inside the container every engine is replaced once, the forwarded one first', () => {
  const world = atRest();
  world.address = 'b';
  expect(settled(world)).toEqual([
    ['VPN reconnected', 'forwarded'],
    ['VPN reconnected', 'plain'],
  ]);
});

test('after a reconnection with another port the forwarded engine is replaced for the port, and the others for their connections', () => {
  const world = atRest();
  world.addressReadAt = world.now - 1;
  world.port = 40_001;
  world.observe();
  for (const number of world.running()) {
    world.pass(4_000);
    while (world.step(number, true));
  }
  // The address is read long after the new forwarded engine was ready.
  world.pass(1_000);
  world.addressReadAt = null;
  world.address = 'b';
  expect(settled(world)).toEqual([['VPN reconnected', 'plain']]);
  expect(causes(world).slice(-2)).toEqual([
    ['port changed', 'forwarded'],
    ['VPN reconnected', 'plain'],
  ]);
});

test('after another port with the same address, or one that can not be read, only the forwarded engine is replaced', () => {
  for (const after of ['a', null]) {
    const world = atRest();
    world.port = 40_001;
    world.address = after;
    expect(settled(world)).toEqual([['port changed', 'forwarded']]);
  }
});

test('the first read of the address, also the first after an outage, is no reconnection', () => {
  const world = atRest(null);
  world.address = 'a';
  expect(settled(world)).toEqual([]);
  world.setHealth('unhealthy');
  world.observe();
  world.setHealth('healthy');
  world.address = 'b';
  expect(settled(world)).toEqual([
    ['VPN reconnected', 'forwarded'],
    ['VPN reconnected', 'plain'],
  ]);
});

test.each(['a', null])('a VPN that Portward restarts inside its container, with the address %j before', (address) => {
  for (const after of ['a', 'b', null]) {
    const world = atRest(address);
    world.port = null;
    world.observe();
    world.pass(world.state.data.settings.portLostMs);
    world.observe();
    world.address = after;
    const before = causes(world).length;
    // The VPN comes back with another port.
    world.endCure(true);
    settled(world);
    const made = causes(world).slice(before);
    // With another address, or where the former one was not known, every engine is replaced.
    const isSame = address !== null && after !== 'b';
    expect(made.map(([, role]) => role)).toEqual(isSame ? ['forwarded'] : ['forwarded', 'plain']);
  }
});
