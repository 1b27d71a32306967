import * as fc from 'fast-check';
import { sampleOf } from '../../../src/domain/streams/samples';
import type { StreamSample } from '../../../src/domain/streams/stream';
import { StreamHistory } from '../../../src/api/streams/stream-history';
import { RecentSamples } from '../../../src/activities/streams/recent-samples';
import { DAY } from '../../builders';

function sample(at: number, change: Partial<StreamSample> = {}): StreamSample {
  return { at, peers: 3, speedDown: 100, speedUp: 10, downloaded: 1_000, uploaded: 100, status: 'dl', ...change };
}

const record = (i: number) => [DAY + i, 1, 1, 1, 1, 1, 'dl'] as const;

test('a heartbeat has the samples of the last seconds, the oldest first', () => {
  const recent = new RecentSamples();
  for (let s = 0; s <= 60; s += 5) recent.add('a', sample(DAY + s * 1_000));
  expect((recent.records()['a'] ?? []).map((r) => (sampleOf(r).at - DAY) / 1_000)).toEqual([40, 45, 50, 55, 60]);
});

test('a sample is the same after a heartbeat', () => {
  const recent = new RecentSamples();
  const given = sample(DAY, { peers: null, status: null, downloaded: 2 ** 40 });
  recent.add('a', given);
  const history = new StreamHistory(10);
  history.add(JSON.parse(JSON.stringify(recent.records())));
  expect(history.latest('a')).toEqual(given);
});

test('streams that have ended are left out', () => {
  const recent = new RecentSamples();
  recent.add('a', sample(DAY));
  recent.add('b', sample(DAY));
  recent.keepOnly(new Set(['b']));
  expect(Object.keys(recent.records())).toEqual(['b']);
});

test('a heartbeat stays below 64 KB, and has the newest sample of as many streams as it can hold', () => {
  for (const count of [1, 50, 300, 3_000]) {
    const recent = new RecentSamples();
    for (let s = 0; s < 30; s++) {
      const full = sample(DAY + s * 500, { downloaded: Number.MAX_SAFE_INTEGER, uploaded: Number.MAX_SAFE_INTEGER });
      for (let i = 0; i < count; i++) recent.add(`${'k'.repeat(40)}|${'s'.repeat(60)}${i}`, full);
    }
    const records = recent.records();
    expect(Buffer.byteLength(JSON.stringify(records))).toBeLessThanOrEqual(64 * 1024);
    expect(Object.keys(records).length).toBeGreaterThanOrEqual(Math.min(count, 200));
    for (const [newest] of Object.values(records).map((r) => r.slice(-1))) expect(newest?.[0]).toBe(DAY + 29 * 500);
  }
});

test('streams that do not all fit into one heartbeat take turns, each long enough for the API to see it', () => {
  let now = 0;
  const recent = new RecentSamples(() => now);
  const history = new StreamHistory(10);
  const streams = Array.from({ length: 1_000 }, (_, i) => `${'k'.repeat(40)}|${'s'.repeat(60)}${i}`);
  const seen: Set<string>[] = [];
  // The API sees every third of the heartbeats, which come every 3 s; new streams begin all the time.
  for (let beat = 0; beat < 60; beat++, now += 3_000) {
    for (const stream of [...streams, `new-${beat}`]) recent.add(stream, sample(DAY + now));
    const records = recent.records();
    if (beat % 3 > 0) continue;
    history.add(records);
    seen.push(new Set(Object.keys(records)));
  }
  expect(seen.every((some) => some.size < streams.length)).toBe(true);
  expect(streams.filter((s) => history.latest(s) === null)).toEqual([]);
});

test('if the API reads a heartbeat at least every 20 s, no sample is lost and none comes twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 40 }), (looksAfterS) => {
      const recent = new RecentSamples();
      const history = new StreamHistory(10_000);
      const collected: number[] = [];
      let second = 0;
      for (const pause of looksAfterS) {
        for (const end = second + pause; second < end; second++) {
          recent.add('a', sample(DAY + second * 1_000));
          collected.push(DAY + second * 1_000);
        }
        history.add(recent.records());
      }
      expect(history.samples('a', null).map(({ at }) => at)).toEqual(collected);
    }),
  );
});

test('a clock that is set back costs no samples', () => {
  const recent = new RecentSamples();
  const history = new StreamHistory(100);
  for (const at of [DAY, DAY + 5_000, DAY - 3_600_000, DAY - 3_595_000]) {
    recent.add('a', sample(at));
    history.add(recent.records());
  }
  expect(history.samples('a', null)).toHaveLength(4);
  expect(history.latest('a')?.at).toBe(DAY - 3_595_000);
});

test('no more than STATS_HISTORY_MAX samples are kept of a stream', () => {
  const history = new StreamHistory(3);
  // A heartbeat may hold more samples than are kept.
  for (let i = 4; i < 10; i++) history.add({ a: [4, 3, 2, 1, 0].map((before) => record(i - before)) });
  expect(history.samples('a', null).map(({ at }) => at - DAY)).toEqual([7, 8, 9]);
  expect(history.samples('a', DAY + 8).map(({ at }) => at - DAY)).toEqual([8, 9]);
});
