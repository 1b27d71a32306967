import { Reporting } from '../../src/activities/observe/reporting';
import type { Instant } from '../../src/domain/engine';
import type { EngineCondition, PortReading } from '../../src/domain/vpn/observation';
import { DAY, snapshot } from '../builders';

// When the first snapshot of a workflow is reported; the test turns the time.

beforeEach(() => jest.useFakeTimers({ now: DAY }));
afterEach(() => jest.useRealTimers());

const PORT: PortReading = { kind: 'known', port: 65_290 };
/** Longer than the wait for a control server that hangs. */
const LONG_MS = 2_900;

const running = (id: string): EngineCondition => ({
  id,
  running: true,
  startedAt: DAY,
  networkOf: 'vpn-container',
  health: 'unknown',
});

function firstSnapshot(...engines: EngineCondition[]) {
  const checks = new Map<string, Instant>();
  const memory = { rewordings: 0, health: { lastCheck: (id: string) => checks.get(id) ?? null } };
  const busy = { evicted: [], replacements: [] };
  const reporting = new Reporting(
    {
      vpn: 'gluetun',
      instance: 'test',
      image: 'engine:test',
      lastReported: null,
      accounted: [],
      busy,
      seenAt: null,
      portRead: null,
      changesOnly: false,
    },
    memory,
  );
  reporting.dockerAnswered();
  return {
    asked: (id: string) => checks.set(id, Date.now()),
    isDue: (port: PortReading) => reporting.isDue(snapshot(0, { port, engines }), false),
  };
}

test('the first snapshot waits for the first check of each engine, however busy the machine is, so the first list is complete', () => {
  const { asked, isDue } = firstSnapshot(running('one'), running('two'));
  jest.advanceTimersByTime(LONG_MS);
  asked('one');
  expect(isDue(PORT)).toBe(false);
  asked('two');
  expect(isDue(PORT)).toBe(true);
});

test('the first snapshot does not wait for an engine that can not be asked', () => {
  const ended = { ...running('ended'), running: false, startedAt: null };
  const { isDue } = firstSnapshot(ended, { ...running('cut off'), networkOf: 'vpn-before' });
  expect(isDue(PORT)).toBe(true);
});

test('the first snapshot waits for a hanging control server only for a while', () => {
  const { isDue } = firstSnapshot();
  expect(isDue({ kind: 'pending' })).toBe(false);
  jest.advanceTimersByTime(LONG_MS);
  expect(isDue({ kind: 'pending' })).toBe(true);
});
