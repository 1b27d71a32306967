import { pauseUntil } from '../lib/pause';

const GIVE_UP_AFTER_MS = 1_000;

/**
 * Starts something, and gives up when Portward is told to stop: a start may take long, or wait for something that
 * never answers.
 */
export async function startedUnless<T>(stopping: AbortSignal, start: () => Promise<T>): Promise<T | null> {
  const starting = start();
  const stopped = untilAborted(stopping).then(async () => {
    await within(GIVE_UP_AFTER_MS, starting);
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

/** Resolves with whether the work ends in time. A failure counts as an end, since nothing can be done about it. */
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
