import { ApplicationFailure } from '@temporalio/common';

const TYPE = 'WorkerStopping';

/** How an activity leaves its place to the next worker; nothing has failed. */
export function workerStopping(): ApplicationFailure {
  return ApplicationFailure.create({ message: 'worker is stopping', type: TYPE, nextRetryDelay: 10 });
}

export function isWorkerStopping(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === TYPE;
}

/**
 * For what a worker that stops can't bring to its end, since there is nobody left to wait for: it is left to the next worker
 * at once, instead of when the time for handing over is up. The work gets a signal that ends it in either case.
 */
export async function leftWhen<T>(
  stopping: AbortSignal,
  cancelled: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const done = new AbortController();
  for (const signal of [stopping, cancelled]) {
    if (signal.aborted) ending.abort();
    else signal.addEventListener('abort', () => ending.abort(), { once: true, signal: done.signal });
  }
  try {
    const result = await work(ending.signal);
    if (stopping.aborted) throw workerStopping();
    return result;
  } finally {
    done.abort();
  }
}

/** Rejects when the worker is to stop, so that another one, or its next start, takes over without waiting for a time-out. */
export function untilStopping(stopping: AbortSignal, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(workerStopping());
    if (stopping.aborted) stop();
    else stopping.addEventListener('abort', stop, { once: true, signal });
  });
}
