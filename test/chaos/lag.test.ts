import { Lag, LAG_AT_MOST_MS } from '../../chaos/lag';

/** Far from zero, as real times are. */
const BEGIN = 1_800_000_000_000;

function measured(...samples: { at: number; late?: number; slowness?: number }[]): Lag {
  const lag = new Lag();
  for (const { at, late = 0, slowness = 1 } of samples) lag.keep({ at: BEGIN + at, late, slowness });
  return lag;
}
const between = (lag: Lag, from: number, to: number) => lag.between(BEGIN + from, BEGIN + to);

test('without lag or without samples nothing is excused', () => {
  expect(between(measured({ at: 100 }, { at: 200 }), 0, 300)).toBe(0);
  expect(between(measured(), 0, 300)).toBe(0);
});

test('the latest start and the slowest work of the time add up', () => {
  const lag = measured({ at: 100, late: 40 }, { at: 150, late: 70 }, { at: 200, slowness: 3 });
  expect(between(lag, 0, 300)).toBe(70 + 2 * 150);
});

test('lag at another time does not count', () => {
  const lag = measured({ at: 100, late: 400 }, { at: 5_000, late: 400 });
  expect(between(lag, 1_000, 4_000)).toBe(0);
});

test('a late sample counts for the time at which it was due', () => {
  expect(between(measured({ at: 1_300, late: 400 }), 500, 1_000)).toBe(400);
  expect(between(measured({ at: 1_500, late: 400 }), 500, 1_000)).toBe(0);
});

test('the lag has an upper limit', () => {
  expect(between(measured({ at: 100, late: 60_000 }), 0, 300)).toBe(LAG_AT_MOST_MS);
  expect(between(measured({ at: 100, slowness: 1_000 }), 0, 300)).toBe(LAG_AT_MOST_MS);
});

test('`largest` is the largest lag that was returned, not the largest that was measured', () => {
  const lag = measured({ at: 100, late: 50 }, { at: 3_000, late: 900 });
  expect(lag.largest).toBe(0);
  between(lag, 0, 300);
  between(lag, 400, 500);
  expect(lag.largest).toBe(50);
});

test('samples are kept for two minutes, however many there are', () => {
  const lag = measured({ at: 0, late: 300 }, { at: 150_000, late: 300 });
  for (let n = 1; n < 2_000; n++) lag.keep({ at: BEGIN + 200_000 + n, late: 0, slowness: 1 });
  expect(between(lag, -1_000, 1_000)).toBe(0);
  expect(between(lag, 149_000, 151_000)).toBe(300);
});
