// The timeline of a VPN's last days.
import * as fc from 'fast-check';
import { noPort, type StateRecord } from '../../src/domain/vpn/timeline';
import { carriedOver, restoredFrom } from '../../src/workflows/vpn/carry-over/carried';
import { jsonBytes } from '../../src/workflows/vpn/carry-over/json-bytes';
import { timelineAfter, withEnded, withoutWorker } from '../../src/workflows/vpn/report/timeline';
import { newVpnData, type VpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, forwardedEngine, plainEngine, presentVpn, replacement, snapshot, target, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { configure } from '../../src/workflows/vpn/requests/controls';
import { engineReady } from '../../src/workflows/vpn/observe/engine-reports';
import { replacementEnded } from '../../src/workflows/vpn/observe/replacement-reports';

const START = DAY / 1000;
const HOUR = 3600;
const BYTES_AT_MOST = 8 * 1024;

/** A healthy VPN that has this port; 0: none. */
function withPort(data: VpnData, port: number): VpnData {
  return { ...data, snapshot: snapshot(port), port: { ...data.port, last: port === 0 ? null : port } };
}

/** From these seconds on the VPN has these ports, or states of `noPort`. */
function seen(...what: readonly (readonly [at: number, port: number])[]): VpnData['timeline'] {
  return what.reduce(
    (data, [at, port]) => {
      const now =
        port === noPort.down
          ? { ...data, snapshot: snapshot(0, { vpn: presentVpn({ health: 'unhealthy' }) }) }
          : withPort(data, port);
      return { ...data, timeline: timelineAfter(now, (START + at) * 1000) };
    },
    newVpnData(vpnSettings(), 'abcdef12'),
  ).timeline;
}

function msAt(seconds: number): number {
  return (START + seconds) * 1000;
}

function since(states: readonly StateRecord[]): [at: number, state: number][] {
  return states.map(([at, state]) => [at - START, state]);
}

test('it has each port from its first second on, and also outages and times without a port', () => {
  const { states } = seen([0, 65_290], [50, 65_290], [60, noPort.down], [90, 0], [100, 40_648]);
  expect(since(states)).toEqual([
    [0, 65_290],
    [60, noPort.down],
    [90, noPort.none],
    [100, 40_648],
  ]);
});

test('it leaves out states of less than a second', () => {
  const { states } = seen([0, 65_290], [60, 0], [60.4, 65_290], [90, 0], [90.5, 40_648]);
  expect(since(states)).toEqual([
    [0, 65_290],
    [90, 40_648],
  ]);
});

test('it stays in order when the clock is set back', () => {
  const { states } = seen([100, 65_290], [40, 0], [41, 40_648]);
  expect(since(states)).toEqual([[100, 40_648]]);
});

test('the state is unknown while Docker is unreachable, and while there was no worker', () => {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  const observe = (seconds: number) => {
    accept(state, snapshot(65_290), state.data.revision, msAt(seconds));
    state.publish(msAt(seconds));
  };
  observe(0);
  accept(state, { kind: 'unreachable', at: msAt(60), problem: 'Docker is away' }, state.data.revision, msAt(60));
  state.publish(msAt(60));
  observe(90);
  observe(120);
  configure(state, state.data.settings, 'another start', msAt(120 + HOUR));
  observe(125 + HOUR);
  expect(since(state.data.timeline.states)).toEqual([
    [0, 65_290],
    [60, noPort.unseen],
    [90, 65_290],
    [120, noPort.unseen],
    [125 + HOUR, 65_290],
  ]);
});

test('a worker that comes back at once leaves no gap', () => {
  const before = seen([0, 65_290]);
  expect(withoutWorker(before, (START + 60) * 1000)).toBe(before);
});

/** A timeline with so many ports, each for so long. */
function changes(count: number, from: number, every: number): (readonly [at: number, port: number])[] {
  return Array.from({ length: count }, (_, i) => [from + i * every, 40_000 + i] as const);
}

test('over the limit the shortest states are dropped, none of the last hour, and it begins as early as before', () => {
  const recent = changes(40, 41 * HOUR, 1);
  const { states } = seen([0, 65_290], ...changes(300, HOUR, 30), [40 * HOUR, 50_000], ...recent);
  expect(states.length).toBeLessThanOrEqual(150);
  expect(since(states)[0]).toEqual([0, 65_290]);
  expect(since(states).slice(-41)).toEqual([[40 * HOUR, 50_000], ...recent]);
});

test('states that are older than the page shows are dropped', () => {
  const day = 24 * HOUR;
  const { states } = seen([0, 65_290], [day, 40_648], [9.5 * day, 50_000]);
  expect(since(states)).toEqual([
    [day, 40_648],
    [9.5 * day, 50_000],
  ]);
});

test('whatever happens, it is small and in order, no state is repeated, and the newest one is the present state', () => {
  const step = fc.tuple(fc.integer({ min: -20, max: 50_000 }), fc.constantFrom(-1, 0, 40_000, 40_001, 65_535));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 600, size: 'max' }), (steps) => {
      let passed = 0;
      const timeline = seen(...steps.map(([by, port]) => [(passed += by), port] as const));
      const { states } = timeline;
      expect(jsonBytes(timeline)).toBeLessThan(BYTES_AT_MOST);
      expect(states.map(([when]) => when)).toEqual(states.map(([when]) => when).toSorted((a, b) => a - b));
      expect(states.every(([, state], i) => state !== states[i - 1]?.[1])).toBe(true);
      expect(states.at(-1)?.[1]).toBe(steps.at(-1)?.[1]);
    }),
    { numRuns: 40 },
  );
});

test('it has the last 70 replacements that have ended, each with how long it took', () => {
  const ended = replacement({ state: 'completed', readyAt: DAY + 1_340, endedAt: DAY + 4_060 });
  const all = Array.from({ length: 100 }, (_, number) => ({ ...ended, number }));
  const timeline = all.reduce(withEnded, newVpnData(vpnSettings(), 'abcdef12').timeline);
  expect(timeline.ended).toHaveLength(70);
  expect(timeline.ended.at(-1)).toEqual([99, START, 1.3, 4.1, 'port changed']);
  expect(jsonBytes(timeline.ended)).toBeLessThan(BYTES_AT_MOST / 2);
});

test('it has a port change as a state and as a replacement, with the times of its steps', () => {
  const old = forwardedEngine(19_000, 65_290);
  const state = new VpnState({
    ...newVpnData(vpnSettings(), 'abcdef12'),
    snapshot: snapshot(40_648, { engines: [] }),
    evicted: [old],
    replacements: [replacement({ number: 7, old: [old], target: target({ p2pPort: 40_648 }) })],
    nextNumber: 8,
  });
  const message = { incarnation: 'abcdef12', number: 7, generation: 1 };
  const engine = { ...plainEngine(19_001, { p2pPort: 40_648, role: 'forwarded' }), run: DAY + 400 };
  engineReady(state, { ...message, engine, session: 'of another run' }, DAY + 1_300);
  replacementEnded(state, { ...message, failedAttempts: 0 }, DAY + 4_000);
  state.publish(DAY + 4_000);
  const [known] = state.data.replacements;
  expect(known).toMatchObject({ madeAt: DAY + 400, readyAt: DAY + 1_300, goneAt: DAY + 4_000, endedAt: DAY + 4_000 });
  expect(state.data.timeline.ended).toEqual([[7, START, 1.3, 4, 'port changed']]);
});

test('the next run has it', () => {
  const data = { ...newVpnData(vpnSettings(), 'abcdef12'), timeline: seen([0, 65_290], [60, 40_648]) };
  expect(restoredFrom(carriedOver(data)).timeline).toEqual(data.timeline);
});
