import { listPropagated } from '../../src/activities/engine/list-propagation';

const { signal: never } = new AbortController();

test("the wait is counted from the workflow's first answer", async () => {
  const answers = [false, false, true];
  let answeredAt = Infinity;
  const ask = async () => {
    const answer = answers.shift() ?? true;
    if (answer) answeredAt = performance.now();
    return answer;
  };
  expect(await listPropagated(ask, { ms: 150, withinMs: 60_000 }, never)).toBe(true);
  expect(answers).toEqual([]);
  expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(150);
});

test('the wait for a workflow that does not answer has a limit', async () => {
  expect(await listPropagated(async () => false, { ms: 0, withinMs: 150 }, never)).toBe(false);
});

test('a stopping worker ends the wait without success', async () => {
  const stopping = new AbortController();
  const waiting = listPropagated(async () => true, { ms: 60_000, withinMs: 60_000 }, stopping.signal);
  stopping.abort();
  expect(await waiting).toBe(false);
});
