import { setTimeout as sleep } from 'node:timers/promises';
import { isWorkerStopping, endWhenStopping } from '../../src/activities/worker-stopping';

/** Work that only its signal ends. */
const endless = (signal: AbortSignal) => sleep(60_000, 'never', { signal }).catch(() => 'ended');

test('a stopping worker leaves work that it can not finish to the next worker at once', async () => {
  const stopping = new AbortController();
  const left = endWhenStopping(stopping.signal, new AbortController().signal, endless);
  stopping.abort();
  expect(isWorkerStopping(await left.catch((error: unknown) => error))).toBe(true);
  const begun = endWhenStopping(stopping.signal, new AbortController().signal, endless);
  expect(isWorkerStopping(await begun.catch((error: unknown) => error))).toBe(true);
});

test('work that is cancelled, or done before the worker stops, ends normally', async () => {
  const stopping = new AbortController();
  const cancelling = new AbortController();
  const cancelled = endWhenStopping(stopping.signal, cancelling.signal, endless);
  cancelling.abort();
  expect(await cancelled).toBe('ended');
  expect(await endWhenStopping(stopping.signal, new AbortController().signal, async () => 'done')).toBe('done');
});
