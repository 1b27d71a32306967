import { count, duration, list, seconds, shortened, speed, time } from '../../web/logic/format';

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_000, '59 min'],
  [7_200_000, '2 h'],
  [7_500_000, '2 h 5 min'],
  [356_400_000, '4 d 3 h'],
  [-5_000, '0 s'],
])('%d ms is written as %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('durations below a minute have tenths of a second, longer ones do not', () => {
  expect([1_340, 0, 59_940, 61_000].map(seconds)).toEqual(['1.3 s', '0.0 s', '59.9 s', '1 min']);
});

test('counts, lists and speeds are written in plain English', () => {
  expect([count(1, 'engine'), count(0, 'engine'), count(2, 'is', 'are')]).toEqual(['1 engine', '0 engines', '2 are']);
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual(['', 'a', 'a and b', 'a, b and c']);
  expect([null, 0, 812.4, 1_240, 31_400].map(speed)).toEqual(['–', '0 KB/s', '812 KB/s', '1.2 MB/s', '31 MB/s']);
});

test('of a long text the beginning and the end are shown, a short text is shown in full', () => {
  expect(shortened('dd1e67078381739d14beca697356ab76d49d1a2d')).toBe('dd1e6707…d49d1a2d');
  expect(shortened('short')).toBe('short');
});

test('the time of another day includes the day', () => {
  const now = new Date(2026, 10, 23, 20, 0, 0).getTime();
  expect(time(now - 3_600_000, now)).not.toMatch(/Nov/);
  expect(time(now - 24 * 3_600_000, now)).toMatch(/22/);
});
