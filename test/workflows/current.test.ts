import type { PortReading } from '../../src/domain/vpn/observation';
import type { EnginesView } from '../../src/domain/vpn/listing';
import { carriedOver, restoredFrom } from '../../src/workflows/vpn/carry-over/carried';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { configure } from '../../src/workflows/vpn/requests/controls';
import { enginesView, versionsOf } from '../../src/workflows/vpn/views/lists';

// Whether a list is current: based on a snapshot of the present worker.

const settings = vpnSettings();

function told(start: string | null, state = new VpnState(newVpnData(settings, 'abcdef12'))): VpnState {
  configure(state, settings, start, DAY);
  state.publish(DAY);
  return state;
}

/** A snapshot begins under this revision and is delivered. */
function observe(state: VpnState, port?: PortReading, revision = state.data.revision): void {
  accept(state, snapshot(40_000, port ? { port } : {}), revision, DAY);
  state.publish(DAY);
}

function isCurrent(state: VpnState): EnginesView['current'] {
  return enginesView(state.data, DAY).current;
}

/** A VPN of which the worker of this start has taken a snapshot. */
function seenBy(start: string): VpnState {
  const state = told(start);
  observe(state);
  return state;
}

function nextRun(state: VpnState): VpnState {
  return new VpnState(restoredFrom(carriedOver(state.data)));
}

test("a list is current after the worker's first snapshot", () => {
  const state = told('first');
  expect(isCurrent(state)).toBe(false);
  observe(state);
  expect(isCurrent(state)).toBe(true);
});

test('after the start of the next worker it is not current, until that has taken a snapshot', () => {
  const state = seenBy('first');
  const { engines: before } = versionsOf(state.data);
  const { revision } = state.data;
  told('second', state);
  expect([isCurrent(state), versionsOf(state.data).engines]).toEqual([false, expect.not.stringContaining(before)]);
  observe(state, undefined, revision);
  expect(isCurrent(state)).toBe(false);
  const { engines: stale } = versionsOf(state.data);
  observe(state);
  expect([isCurrent(state), versionsOf(state.data).engines]).toEqual([true, expect.not.stringContaining(stale)]);
});

test('a worker that sends its settings again changes nothing', () => {
  const state = seenBy('first');
  const { revision } = state.data;
  told('first', state);
  expect([isCurrent(state), state.data.revision]).toEqual([true, revision]);
});

test('a worker that does not name its start counts as another one', () => {
  const state = seenBy('first');
  expect(isCurrent(told(null, state))).toBe(false);
  observe(state);
  expect(isCurrent(told(null, state))).toBe(false);
});

test('neither a snapshot without a first read of the port nor an unreachable Docker makes it current', () => {
  const state = told('first');
  observe(state, { kind: 'pending' });
  accept(state, { kind: 'unreachable', at: DAY, problem: 'no Docker' }, state.data.revision, DAY);
  expect(isCurrent(state)).toBe(false);
  observe(state, { kind: 'unknown', forMs: 0, reason: 'it hangs', none: false });
  expect(isCurrent(state)).toBe(true);
});

test('continue-as-new does not change whether it is current', () => {
  expect(isCurrent(nextRun(seenBy('first')))).toBe(true);
  expect(isCurrent(nextRun(told('second', seenBy('first'))))).toBe(false);
  expect(isCurrent(told('first', nextRun(seenBy('first'))))).toBe(true);
});
