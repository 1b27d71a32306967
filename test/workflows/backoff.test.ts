import { isUnstable, newVpnData } from '../../src/workflows/vpn/data';
import { vpnSettings } from '../builders';
import { World } from './world';
import { actedOn, isStorm, noBackoff, nextAct, seenAgain } from '../../src/workflows/vpn/decide/backoff';
import { listedEngines } from '../../src/workflows/vpn/views/lists';

const LONGEST_MS = 300_000;
const NOW = 1_800_000_000_000;

/** So many occurrences, a second apart, each acted on at once. */
function times(count: number): ReturnType<typeof seenAgain> {
  let backoff = noBackoff;
  for (let i = 0; i < count; i++) backoff = actedOn(seenAgain(backoff, NOW + i * 1000), NOW + i * 1000);
  return backoff;
}

test('two changes are no storm; the first change that has to wait begins one, which lasts until it has been quiet for 5 minutes', () => {
  const twice = times(2);
  expect(isStorm(twice, LONGEST_MS, NOW + 2000)).toBe(false);
  const waiting = seenAgain(twice, NOW + 2000);
  expect(nextAct(waiting, LONGEST_MS)).toBe(NOW + 1000 + 5000);
  expect(isStorm(waiting, LONGEST_MS, NOW + 2000)).toBe(true);
  expect(isStorm(waiting, LONGEST_MS, NOW + 2000 + 300_001)).toBe(false);
});

test('after a quiet time the backoff begins anew: the next change is acted on at once', () => {
  const later = NOW + 1000 * 60 * 60;
  const again = seenAgain(times(6), later);
  expect(nextAct(again, LONGEST_MS)).toBe(0);
  expect(isStorm(again, LONGEST_MS, later)).toBe(false);
});

test('without a longest backoff nothing is a storm', () => {
  expect(isStorm(times(9), 0, NOW + 9000)).toBe(false);
  expect(nextAct(times(9), 0)).toBe(0);
});

test('a VPN is unstable when its health keeps changing, as when its port does', () => {
  const quiet = newVpnData(vpnSettings(), 'abcdef12');
  const stormy = { acted: 3, lastActed: NOW, lastSeen: NOW };
  expect(isUnstable(quiet, NOW)).toBe(false);
  expect(isUnstable({ ...quiet, portChanges: stormy }, NOW)).toBe(true);
  expect(isUnstable({ ...quiet, reconnects: stormy }, NOW)).toBe(true);
});

test('replacements for a port that keeps changing back off, and the engine stays listed as not forwarded meanwhile', () => {
  const world = new World({ targetEngines: 1, longestBackoffMs: LONGEST_MS });
  const listed = () => (listedEngines(world.state.data, world.now) ?? []).map((e) => [e.p2pPort, e.forwarded]);
  const made = new Set<number | null>();
  const goOn = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      world.observe();
      // An engine is made and answers within the second.
      for (const number of [...world.running(), ...world.running()]) world.step(number, true);
      for (const { p2pPort } of world.containers.values()) made.add(p2pPort);
      world.pass(1_000);
    }
  };
  goOn(1);
  for (const port of [40_001, 40_002]) {
    world.port = port;
    goOn(2);
    expect(listed()).toEqual([[port, true]]);
  }
  for (const port of [40_003, 40_004]) {
    world.port = port;
    goOn(1);
    expect(listed()).toEqual([[40_002, false]]);
  }
  expect(isUnstable(world.state.data, world.now)).toBe(true);
  // After the backoff one engine serves both changes.
  goOn(10);
  expect(listed()).toEqual([[40_004, true]]);
  expect(made.has(40_003)).toBe(false);
});
