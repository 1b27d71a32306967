import { problemOf } from '../../src/workflows/vpn/report/problems';
import { VpnState } from '../../src/workflows/vpn/state';
import { newVpnData } from '../../src/workflows/vpn/data';
import { DAY, presentVpn, snapshot, vpnSettings } from '../builders';
import { World } from './world';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { listedEngines } from '../../src/workflows/vpn/views/lists';

/** Lets everything go on, a second at a time. @returns how long it took */
function waitFor(world: World, done: () => boolean, limitMs = 600_000): number {
  const begun = world.now;
  while (!done() && world.now - begun < limitMs) {
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(1_000);
  }
  return world.now - begun;
}

test('a VPN that is restarted again and again has its engines back each time as soon as the first time', () => {
  const world = new World({ targetEngines: 9 });
  const isFull = () => (listedEngines(world.state.data, world.now) ?? []).length === 9;
  waitFor(world, isFull);
  for (let restart = 0; restart < 3; restart++) {
    world.restartVpn(false);
    world.setHealth('starting');
    waitFor(world, () => false, 10_000);
    world.setHealth('healthy');
    expect(waitFor(world, isFull)).toBeLessThanOrEqual(5_000);
  }
});

test('an engine that answered before a restart of its VPN, which is reported only after that, is made anew', () => {
  const world = new World({ targetEngines: 1 });
  world.observe();
  const [number = 0] = world.running();
  world.step(number, true);
  world.pass(1_000);
  const early = [...world.containers.keys()];
  world.restartVpn(false);
  world.observe();
  world.step(number, true);
  waitFor(world, () => false, 60_000);
  expect([...world.containers.keys()]).not.toEqual(early);
  expect((listedEngines(world.state.data, world.now) ?? []).map((e) => [early.includes(e.id), e.forwarded])).toEqual([
    [false, true],
  ]);
});

/** A replacement whose engine has a container that does not answer yet. */
function booting(): World {
  const world = new World({ targetEngines: 1 });
  world.observe();
  world.step(1, true);
  return world;
}

/** Goes on without a snapshot. */
function finish(world: World): void {
  for (let steps = 0; world.running().length > 0 && steps < 20; steps++) {
    for (const number of world.running()) world.step(number, true);
    world.now += 5_000;
  }
  world.pass(1_000);
}

describe('a container that a replacement has removed is not removed again', () => {
  test('of an engine that the last snapshot showed while it was being made', () => {
    const world = booting();
    world.observe();
    finish(world);
    world.force(null);
    finish(world);
    expect(world.running()).toEqual([]);
  });

  test('of an engine that a late snapshot shows, which began while the engine was being made', () => {
    const world = booting();
    world.beginSnapshot();
    finish(world);
    world.force(null);
    finish(world);
    world.deliverSnapshot();
    expect(world.running()).toEqual([]);
  });

  test.each(['in time', 'late'])('of a new engine that has failed, and that a snapshot shows %s', (when) => {
    const world = booting();
    world.beginSnapshot();
    if (when === 'in time') world.deliverSnapshot();
    world.failProvisioning(1);
    finish(world);
    world.deliverSnapshot();
    expect(world.running()).toEqual([]);
  });
});

test('nothing is done while Docker is unreachable, even if it is due', () => {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  const ill = presentVpn({ health: 'unhealthy' });
  accept(state, snapshot(40_000, { vpn: ill, port: { kind: 'unasked' } }), state.data.revision, DAY);
  accept(state, { kind: 'unreachable', at: DAY, problem: 'no Docker' }, state.data.revision, DAY + 1_000);
  expect(takeDecision(state, DAY + 61_000).effects).toEqual([]);
  accept(state, snapshot(40_000, { vpn: ill, port: { kind: 'unasked' } }), state.data.revision, DAY + 62_000);
  expect(takeDecision(state, DAY + 62_000).effects).toMatchObject([{ kind: 'remedy' }]);
});

test('with a port range that is too small, as many engines as fit are kept, the problem names the range, and a port change is followed', () => {
  const world = new World({ targetEngines: 3, httpPorts: { first: 19_100, last: 19_101 } });
  const listed = () => listedEngines(world.state.data, world.now) ?? [];
  const isForwardedOn = (port: number) =>
    listed().length === 2 && listed().some((e) => e.forwarded && e.p2pPort === port);
  waitFor(world, () => isForwardedOn(40_000));
  world.settle();
  expect(isForwardedOn(40_000)).toBe(true);
  expect(problemOf(world.state.data)).toMatch(/no free HTTP port: all of 19100-19101/);
  world.port = 40_648;
  expect(waitFor(world, () => isForwardedOn(40_648))).toBeLessThanOrEqual(60_000);
});

test('a VPN with too few ports for its engines gets its remedy all the same', () => {
  const tight = { targetEngines: 5, httpPorts: { first: 19_000, last: 19_000 } };
  const state = new VpnState(newVpnData(vpnSettings(tight), 'abcdef12'));
  const port = { kind: 'unknown', forMs: 0, reason: 'port 0', none: true } as const;
  const decideAt = (at: number) => {
    accept(state, snapshot(40_000, { port }), state.data.revision, at);
    return takeDecision(state, at).effects.map((e) => e.kind);
  };
  expect(decideAt(DAY)).toEqual(['start']);
  expect(decideAt(DAY + 61_000)).toEqual(['remedy']);
});
