import * as fc from 'fast-check';
import type { Stream, StreamEvent } from '../../src/domain/streams/stream';
import { jsonBytes } from '../../src/workflows/vpn/carry-over/json-bytes';
import { reported, startedOn, withoutEngines } from '../../src/workflows/vpn/streams';
import { DAY } from '../builders';
import { ended, started } from '../stream-events';

const ENGINES = new Set(['engine-1', 'engine-2']);
const ENDED_KEPT_AT_MOST = 40;
const MINUTE = 60_000;

function after(events: readonly StreamEvent[], streams: readonly Stream[] = [], now = DAY): readonly Stream[] {
  return reported(streams, events, ENGINES, now).streams;
}

/** Reports of one proxy: streams that begin and mostly end, no end before its start. */
const plays: fc.Arbitrary<StreamEvent[]> = fc
  .array(fc.record({ id: fc.integer({ min: 0, max: 60 }), ends: fc.boolean(), engine: fc.integer({ min: 1, max: 2 }) }))
  .map((drawn) => {
    const seen = new Set<number>();
    return drawn.flatMap(({ id, ends, engine }): StreamEvent[] => {
      const first = !seen.has(id);
      seen.add(id);
      if (first) return [started(`s${id}`, { containerId: `engine-${engine}` })];
      return ends ? [ended(`s${id}`, DAY)] : [];
    });
  });

test('a repeated report changes nothing, at once or late', () => {
  fc.assert(
    fc.property(plays, fc.array(fc.tuple(fc.nat(200), fc.nat(200))), (events, repeats) => {
      const withRepeats = [...events];
      for (const [which, later] of repeats) {
        const event = withRepeats[which % Math.max(1, withRepeats.length)];
        if (event) withRepeats.splice((which % withRepeats.length) + 1 + later, 0, event);
      }
      expect(after(withRepeats)).toEqual(after(events));
      expect(after(withRepeats, after(events))).toEqual(after(events));
    }),
  );
});

test('reports may be split into batches anywhere', () => {
  fc.assert(
    fc.property(plays, fc.nat(100), (events, cut) => {
      expect(after(events.slice(cut), after(events.slice(0, cut)))).toEqual(after(events));
    }),
  );
});

test('all running streams are kept, and the last 40 that have ended', () => {
  const many = Array.from({ length: 100 }, (_, i) => `s${i}`);
  const begun = after(many.map((id) => started(id, { containerId: 'engine-1' })));
  const some = after(
    many.slice(0, 70).map((id, i) => ended(id, DAY + i)),
    begun,
    DAY + 100,
  );
  expect(some.filter((s) => s.endedAt === null).map((s) => s.id)).toEqual(many.slice(70));
  expect(some.filter((s) => s.endedAt !== null).map((s) => s.id)).toEqual(many.slice(70 - ENDED_KEPT_AT_MOST, 70));
});

test('a stream that ended 10 minutes ago is dropped with the next report', () => {
  const before = after([started('a', { containerId: 'engine-1' }), ended('a', DAY)]);
  const next = [started('b', { containerId: 'engine-1' })];
  expect(after(next, before, DAY + 9 * MINUTE).map((s) => s.id)).toEqual(['a', 'b']);
  expect(after(next, before, DAY + 10 * MINUTE).map((s) => s.id)).toEqual(['b']);
});

test('reports for an engine that does not exist, and the end of an unknown stream, are ignored', () => {
  const { streams, used } = reported([], [started('a', { containerId: 'gone' }), ended('b')], ENGINES, DAY);
  expect([streams, [...used]]).toEqual([[], []]);
});

test('streams end with their engine; if none ends, nothing changes', () => {
  const streams = after([started('a', { containerId: 'engine-1' }), started('b', { containerId: 'engine-2' })]);
  expect(withoutEngines(streams, ENGINES, DAY)).toBe(streams);
  const left = withoutEngines(streams, new Set(['engine-2']), DAY + 1);
  expect(left).toMatchObject([
    { id: 'a', endedAt: DAY + 1, endReason: 'engine gone' },
    { id: 'b', endedAt: null },
  ]);
  expect(startedOn(left, 'engine-1')).toEqual([]);
});

test('there is room for 512 KB of running streams: a stream that does not fit is refused, and fits when others have ended', () => {
  const large = { containerId: 'engine-1', statUrl: 'u'.repeat(60_000) };
  const batch = Array.from({ length: 10 }, (_, i) => started(`s${i}`, large));
  const full = reported([], batch, ENGINES, DAY);
  expect(full.streams.length + full.refused).toBe(10);
  expect(full.refused).toBe(2);
  expect(jsonBytes(full.streams)).toBeLessThanOrEqual(512 * 1024);
  const again = reported(full.streams, [ended('s0', DAY), ...batch.slice(8)], ENGINES, DAY);
  expect(again.refused).toBe(1);
  expect(again.streams.filter((s) => s.endedAt === null).map((s) => s.id)).toContain('s8');
});
