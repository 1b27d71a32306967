import * as fc from 'fast-check';
import { BatchPace, EVENT_PACE } from '../../src/api/stream-events-pace';

const HOUR_MS = 3_600_000;
const { collectMs, spacingMs, burst, refillMs } = EVENT_PACE;
/** What an accepted batch adds to a history; `test/workflows/history-length.test.ts` measures it. */
const HISTORY_EVENTS_A_BATCH = 4;

/** When batches go if events come at these times and every batch goes as soon as it may. */
function batches(events: readonly number[]): { sentAt: number[]; waits: number[] } {
  const pace = new BatchPace();
  const sentAt: number[] = [];
  const waits: number[] = [];
  for (let next = 0; next < events.length;) {
    const first = events[next] ?? 0;
    const at = pace.dueAt(first);
    pace.sent(at);
    sentAt.push(at);
    for (; next < events.length && (events[next] ?? 0) <= at; next++) waits.push(at - (events[next] ?? 0));
  }
  return { sentAt, waits };
}

/** Times of events over stretches of different load, from a few a second to one in some minutes. */
const arrivals = fc
  .array(
    fc.record({ pauseMs: fc.constantFrom(5, 60, 300, 900, 7_000, 200_000), count: fc.integer({ min: 1, max: 400 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((stretches) => {
    let at = 0;
    return stretches.flatMap(({ pauseMs, count }) => Array.from({ length: count }, () => (at += pauseMs)));
  });

function everyMs(ms: number, forMs: number): number[] {
  return Array.from({ length: Math.floor(forMs / ms) }, (_, i) => i * ms);
}

test('the first event of a quiet VPN goes within some milliseconds', () => {
  expect(new BatchPace().dueAt(1_000)).toBe(1_000 + collectMs);
  expect(collectMs).toBeLessThanOrEqual(50);
});

test('under load an event waits half a second at most', () => {
  const { waits } = batches(everyMs(10, 30_000));
  expect(Math.max(...waits)).toBeLessThanOrEqual(500);
});

test('1,000 events a minute on one VPN are less than 3,000 history events an hour, from a full bucket and ever after', () => {
  const { sentAt } = batches(everyMs(60, 3 * HOUR_MS));
  for (const hour of [0, 1, 2]) {
    const within = sentAt.filter((at) => at >= hour * HOUR_MS && at < (hour + 1) * HOUR_MS);
    expect(within.length * HISTORY_EVENTS_A_BATCH).toBeLessThan(3_000);
  }
});

test('however events come, no more batches go than the burst and what is refilled meanwhile', () => {
  fc.assert(
    fc.property(arrivals, (events) => {
      const { sentAt } = batches(events);
      // As if each batch drew from a bucket that begins full: it must never have been overdrawn.
      let left = burst;
      let last = 0;
      for (const at of sentAt) {
        left = Math.min(burst, left + (at - last) / refillMs) - 1;
        last = at;
        // The rounding of a float is not what this is about.
        expect(left).toBeGreaterThan(-1e-6);
      }
    }),
  );
});

test('however events come, each goes in one batch, none early, and none later than the widest window', () => {
  fc.assert(
    fc.property(arrivals, (events) => {
      const { sentAt, waits } = batches(events);
      expect(waits).toHaveLength(events.length);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...waits)).toBeLessThanOrEqual(Math.max(refillMs, spacingMs) + collectMs);
      for (let i = 1; i < sentAt.length; i++) {
        expect((sentAt[i] ?? 0) - (sentAt[i - 1] ?? 0)).toBeGreaterThanOrEqual(spacingMs - 1e-6);
      }
    }),
  );
});

test('after a quiet hour all of the burst is there again', () => {
  const load = everyMs(60, 600_000);
  const later = everyMs(60, 30_000).map((at) => at + 600_000 + HOUR_MS);
  const { waits } = batches([...load, ...later]);
  expect(Math.max(...waits.slice(-later.length))).toBeLessThanOrEqual(spacingMs);
});
