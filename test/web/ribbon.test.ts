// The calculations for the page's timeline.
import * as fc from 'fast-check';
import { noPort, type EndedRecord, type StateRecord } from '../../src/domain/vpn/timeline';
import { bands, changeAt, inWords, timelineStart, marks, numberOf, place, ranges, ticks } from '../../web/logic/ribbon';
import { replacementJson } from './replacement-json';

/** In seconds. */
const T = 1_795_000_000;
const span = { from: T * 1_000, to: (T + 100) * 1_000 };

function shown(states: readonly StateRecord[]) {
  return bands(states, span).map(({ from, to, kind, port, shade }) => [
    from / 1_000 - T,
    to / 1_000 - T,
    kind,
    port,
    shade,
  ]);
}

test('each state is a band until the next state, bands are cut off at the span, and consecutive ports have different shades', () => {
  const states: StateRecord[] = [
    [T - 500, 1],
    [T - 50, 65_290],
    [T + 20, noPort.none],
    [T + 25, 40_648],
    [T + 60, noPort.down],
    [T + 70, 40_648],
    [T + 80, noPort.unseen],
    [T + 200, 5],
  ];
  expect(shown(states)).toEqual([
    [0, 20, 'port', 65_290, 1],
    [20, 25, 'none', null, 1],
    [25, 60, 'port', 40_648, 0],
    [60, 70, 'down', null, 0],
    [70, 80, 'port', 40_648, 0],
    [80, 100, 'unseen', null, 0],
  ]);
  expect(timelineStart(states)).toBe((T - 500) * 1_000);
  expect(timelineStart([])).toBeNull();
});

test('there is no band before the first state', () => {
  expect(shown([[T + 40, 65_290]])).toEqual([[40, 100, 'port', 65_290, 0]]);
  expect(shown([])).toEqual([]);
});

test('for any states, the bands are in order, within the span, and do not overlap', () => {
  const record = fc.tuple(fc.integer({ min: T - 200, max: T + 200 }), fc.constantFrom(-2, -1, 0, 40_000, 40_001));
  fc.assert(
    fc.property(fc.uniqueArray(record, { selector: ([at]) => at, maxLength: 40 }), (records) => {
      const found = bands(
        records.toSorted(([a], [b]) => a - b),
        span,
      );
      for (const [i, { from, to }] of found.entries()) {
        expect(from).toBeGreaterThanOrEqual(found[i - 1]?.to ?? span.from);
        expect(to).toBeGreaterThan(from);
        expect(to).toBeLessThanOrEqual(span.to);
      }
    }),
  );
});

test('replacements too close to be clicked separately share a mark, and a running one is marked as running', () => {
  const ended: EndedRecord[] = [
    [1, T - 10, 1, 4, 'forced'],
    [2, T + 10, 1, 4, 'forced'],
    [3, T + 11, 1, 4, 'forced'],
    [4, T + 50, 1, 4, 'forced'],
  ];
  const running = replacementJson({
    id: 'replace/test/gluetun/5-t1',
    started_at: new Date((T + 90) * 1_000).toISOString(),
  });
  const found = marks(ended, [running], span, 0.02).map(({ at, numbers, isRunning }) => [
    at / 1_000 - T,
    numbers,
    isRunning,
  ]);
  expect(found).toEqual([
    [10, [2, 3], false],
    [50, [4], false],
    [90, [5], true],
  ]);
});

test('the ports of a change are found in the states around it', () => {
  const states: StateRecord[] = [
    [T, 65_290],
    [T + 10, noPort.down],
    [T + 20, 40_648],
  ];
  expect(changeAt(states, T + 20)).toEqual({ from: 65_290, to: 40_648 });
  expect(changeAt(states, T)).toBeNull();
  expect(changeAt([], T)).toBeNull();
});

test('places are fractions of the span, and the number of a replacement is read from its id', () => {
  expect([span.from - 5, span.from, span.to - 50_000, span.to + 5].map((at) => place(at, span))).toEqual([
    0, 0, 0.5, 1,
  ]);

  expect(numberOf({ id: 'replace/default/my-vpn/12-tmwia3f1' })).toBe(12);
});

test('ticks are at round times within the span', () => {
  const to = new Date(2026, 10, 23, 20, 12, 30).getTime();
  const at = (range: keyof typeof ranges) =>
    ticks(range, { from: to - ranges[range], to }).map((tick) => new Date(tick.at));
  expect(at('hour').map((d) => d.getMinutes())).toEqual([20, 30, 40, 50, 0, 10]);
  expect(at('day').map((d) => d.getHours())).toEqual([0, 4, 8, 12, 16, 20]);
  expect(at('week').map((d) => [d.getHours(), d.getDate()])).toEqual(
    [17, 18, 19, 20, 21, 22, 23].map((day) => [0, day]),
  );
});

test('a ribbon is also described in words', () => {
  const states: StateRecord[] = [
    [T, 65_290],
    [T + 60, noPort.down],
  ];
  expect(inWords(bands(states, span))).toBe('port 65290 for 1 min, then VPN down for 40 s');
  expect(inWords([])).toBe('no data for this time');
});
