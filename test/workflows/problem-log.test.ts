import { ProblemLog } from '../../src/workflows/vpn/report/problem-log';

const MINUTE = 60_000;

/** A log of problems, at a time that the test sets. */
class Told {
  readonly lines: string[] = [];
  readonly log = new ProblemLog(
    'gluetun',
    { warn: (text) => this.lines.push(text), info: (text) => this.lines.push(text) },
    null,
  );
  now = 1_000_000;

  /** This is the problem for so many seconds. */
  shown(problem: string | null, forMs: number, well = problem === null): string[] {
    const from = this.lines.length;
    for (const until = this.now + forMs; this.now < until; this.now += 1_000) this.log.follow(problem, well, this.now);
    return this.lines.slice(from);
  }
}

test('a problem is logged once, and its end once it has been gone for 10 s and the VPN is healthy', () => {
  const told = new Told();
  expect(told.shown('it is ill', MINUTE)).toEqual(['[gluetun] it is ill']);
  expect(told.shown(null, MINUTE, false)).toEqual([]);
  expect(told.shown(null, 9_000)).toEqual([]);
  expect(told.log.overAt).toBe(told.now + 1_000);
  expect(told.shown(null, MINUTE)).toEqual(['[gluetun] All is well again (was: it is ill)']);
  expect(told.log.overAt).toBeNull();
  expect(told.shown('it is ill', 1_000)).toEqual(['[gluetun] it is ill']);
});

test('a problem that is gone for moments is logged once', () => {
  const told = new Told();
  for (let i = 0; i < 100; i++) {
    told.shown('it is ill', 5_000);
    told.shown(null, 5_000);
  }
  expect(told.lines).toEqual(['[gluetun] it is ill']);
});

test('the third time it is logged that the problem comes and goes, and no more until it has been gone for 10 minutes', () => {
  const told = new Told();
  for (let i = 0; i < 100; i++) {
    told.shown('it is ill', 20_000);
    told.shown(null, 20_000);
  }
  const over = '[gluetun] All is well again (was: it is ill)';
  const ill = '[gluetun] it is ill';
  const often = `${ill} - this comes and goes, and is not logged each time`;
  expect(told.lines).toEqual([ill, over, ill, over, often]);
  expect(told.shown(null, 9 * MINUTE)).toEqual([]);
  expect(told.shown(null, 2 * MINUTE)).toEqual([over]);
  expect(told.shown('it is ill', 1_000)).toEqual([ill]);
});

test('of two problems that alternate it is logged that they come and go, and no more', () => {
  const told = new Told();
  for (let i = 0; i < 100; i++) {
    told.shown('it is ill', 20_000);
    told.shown('it is gone', 20_000);
  }
  expect(told.lines).toHaveLength(6);
});

test('a problem with another number is the same one; with other words or another HTTP status it is another', () => {
  const told = new Told();
  expect(told.shown('it ended (exit code 1)', 5_000)).toHaveLength(1);
  expect(told.shown('it ended (exit code 137)', 5_000)).toEqual([]);
  expect(told.shown('it is paused', 5_000)).toEqual(['[gluetun] it is paused']);
  expect(told.shown('it answers 401', 5_000)).toHaveLength(1);
  expect(told.shown('it answers 500', 5_000)).toEqual(['[gluetun] it answers 500']);
});

test('it is logged again in the log of a new worker', () => {
  const told = new Told();
  told.shown('it is ill', MINUTE);
  told.log.forget();
  expect(told.shown('it is ill', MINUTE)).toEqual(['[gluetun] it is ill']);
});
