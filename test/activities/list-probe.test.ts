import { EventEmitter, once, setMaxListeners } from 'node:events';
import { ListProbe } from '../../src/activities/list-probe';
import { until } from '../simulator/until';

let questions = 0;
/** What the questions get, from the first one on. */
let answers: (number: number) => boolean;
let stopping: AbortController;

beforeEach(() => {
  questions = 0;
  answers = () => true;
  stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
});
afterEach(() => stopping.abort());

const probe = new ListProbe(() => Promise.resolve(answers(questions++)));

function answered(ms: number, withinMs = 60_000): Promise<boolean> {
  return probe.answered({ ms, withinMs }, stopping.signal);
}

test('the time counts from the first answer after the last failure', async () => {
  // An outage between two answers may be all that an API has met.
  answers = (number) => number === 1 || number > 4;
  expect(await answered(250)).toBe(true);
  expect(questions).toBeGreaterThanOrEqual(5 + 3);
});

test('a question that was asked before says nothing', async () => {
  const early = new EventEmitter();
  const first = once(early, 'answer').then(() => true);
  const slow = new ListProbe(() => (questions++ === 0 ? first : Promise.resolve(false)));
  const before = slow.answered({ ms: 0, withinMs: 60_000 }, stopping.signal);
  const after = slow.answered({ ms: 0, withinMs: 0 }, stopping.signal);
  early.emit('answer');
  expect(await Promise.all([before, after])).toEqual([true, false]);
});

test('a workflow that answers nobody is not waited for for ever', async () => {
  answers = () => false;
  expect(await answered(100, 250)).toBe(false);
});

test('time in which the process stood still does not count', async () => {
  const waiting = answered(1_000);
  await until('some questions', () => questions > 3);
  const before = questions;
  const still = performance.now() + 900;
  while (performance.now() < still);
  expect(await waiting).toBe(true);
  expect(questions - before).toBeGreaterThan(6);
});

test('all who ask share the questions, and nothing is asked when nobody does', async () => {
  expect(await Promise.all(Array.from({ length: 100 }, () => answered(300)))).not.toContain(false);
  const asked = questions;
  expect(asked).toBeLessThan(10);
  expect(await answered(0)).toBe(true);
  expect(questions).toBe(asked + 1);
});

test('who is stopped waits no longer', async () => {
  answers = () => false;
  const waiting = answered(100);
  await until('a question', () => questions > 0);
  stopping.abort();
  expect(await waiting).toBe(false);
});
