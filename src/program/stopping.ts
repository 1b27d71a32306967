import { pauseUntil } from '../lib/pause';

const BREAK_OFF_WITHIN_MS = 1_000;

/** What starts may take long, or wait in vain for what does not answer. That is no reason to go on once asked to stop. */
export async function startedUnless<T>(stopping: AbortSignal, start: () => Promise<T>): Promise<T | null> {
  const starting = start();
  const stopped = untilAborted(stopping).then(async () => {
    await within(BREAK_OFF_WITHIN_MS, starting);
    return null;
  });
  try {
    return await Promise.race([starting, stopped]);
  } catch (error) {
    if (stopping.aborted) return null;
    throw error;
  }
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Whether the work has come to its end in that time; failed or not, nothing can be done about it any more. */
export async function within(ms: number, work: Promise<unknown> | undefined): Promise<boolean> {
  const patience = new AbortController();
  const done = Promise.resolve(work).then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, pauseUntil(ms, patience.signal).then(() => false)]);
  } finally {
    patience.abort();
  }
}
