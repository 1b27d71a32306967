import { ApplicationFailure } from '@temporalio/common';

const TYPE = 'WorkerStopping';

/** How an activity leaves its place to the next worker; nothing has failed. */
export function workerStopping(): ApplicationFailure {
  return ApplicationFailure.create({ message: 'worker is stopping', type: TYPE, nextRetryDelay: 10 });
}

export function isWorkerStopping(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === TYPE;
}
