import { ApplicationFailure } from '@temporalio/common';

const TYPE = 'WorkerStopping';

/** Ends an activity whose worker stops, so that the next worker takes it over. Nothing has failed. */
export function workerStopping(): ApplicationFailure {
  return ApplicationFailure.create({ message: 'worker is stopping', type: TYPE, nextRetryDelay: 10 });
}

export function isWorkerStopping(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === TYPE;
}

/**
 * Runs work that can't finish without a worker. When this worker stops, the work ends at once and is left to the next
 * worker: otherwise the stop would wait for it in vain. The work's signal is aborted by stopping and by cancellation.
 */
export async function endWhenStopping<T>(
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

/**
 * Rejects when waiting activities have to end because the worker stops. Another worker, or this one after its restart, then takes the activity
 * over without waiting for a time-out.
 */
export function untilStopping(stopping: AbortSignal, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(workerStopping());
    if (stopping.aborted) stop();
    else stopping.addEventListener('abort', stop, { once: true, signal });
  });
}
