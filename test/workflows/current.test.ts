import type { PortReading } from '../../src/domain/vpn/observation';
import type { EnginesView } from '../../src/domain/vpn/listing';
import { carriedOver, restoredFrom } from '../../src/workflows/vpn/carry-over/carried';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { configure } from '../../src/workflows/vpn/requests/controls';
import { enginesView, versionsOf } from '../../src/workflows/vpn/views/lists';

// Whether a list is of what the worker that is at work now has seen.

const settings = vpnSettings();

function told(start: string | null, state = new VpnState(newVpnData(settings, 'abcdef12'))): VpnState {
  configure(state, settings, start, DAY);
  state.publish(DAY);
  return state;
}

/** A snapshot begins under this revision and is delivered. */
function look(state: VpnState, port?: PortReading, revision = state.data.revision): void {
  accept(state, snapshot(40_000, port ? { port } : {}), revision, DAY);
  state.publish(DAY);
}

function isCurrent(state: VpnState): EnginesView['current'] {
  return enginesView(state.data, DAY).current;
}

/** A VPN that the worker of this start has looked at. */
function seenBy(start: string): VpnState {
  const state = told(start);
  look(state);
  return state;
}

function nextRun(state: VpnState): VpnState {
  return new VpnState(restoredFrom(carriedOver(state.data)));
}

test('a list is current once the VPN has been looked at', () => {
  const state = told('first');
  expect(isCurrent(state)).toBe(false);
  look(state);
  expect(isCurrent(state)).toBe(true);
});

test('the next worker makes it one from before, until a snapshot of its own', () => {
  const state = seenBy('first');
  const { engines: before } = versionsOf(state.data);
  const { revision } = state.data;
  told('second', state);
  expect([isCurrent(state), versionsOf(state.data).engines]).toEqual([false, expect.not.stringContaining(before)]);
  look(state, undefined, revision);
  expect(isCurrent(state)).toBe(false);
  const { engines: stale } = versionsOf(state.data);
  look(state);
  expect([isCurrent(state), versionsOf(state.data).engines]).toEqual([true, expect.not.stringContaining(stale)]);
});

test('a worker that says again that it is there changes nothing', () => {
  const state = seenBy('first');
  const { revision } = state.data;
  told('first', state);
  expect([isCurrent(state), state.data.revision]).toEqual([true, revision]);
});

test('one that does not say which it is counts as another one', () => {
  const state = seenBy('first');
  expect(isCurrent(told(null, state))).toBe(false);
  look(state);
  expect(isCurrent(told(null, state))).toBe(false);
});

test('neither a snapshot that waits for the port nor one that finds no Docker makes it current', () => {
  const state = told('first');
  look(state, { kind: 'pending' });
  accept(state, { kind: 'blind', at: DAY, problem: 'no Docker' }, state.data.revision, DAY);
  expect(isCurrent(state)).toBe(false);
  look(state, { kind: 'unknown', forMs: 0, reason: 'it hangs', none: false });
  expect(isCurrent(state)).toBe(true);
});

test('it is as current in the next run of the workflow', () => {
  expect(isCurrent(nextRun(seenBy('first')))).toBe(true);
  expect(isCurrent(nextRun(told('second', seenBy('first'))))).toBe(false);
  expect(isCurrent(told('first', nextRun(seenBy('first'))))).toBe(true);
});
