import { TimeoutFailure } from '@temporalio/workflow';

/** The innermost cause, without Temporal's wrapping. */
export function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootCause(error.cause) : error;
}

/** Why an activity failed, in words. */
export function failureMessage(error: unknown): string {
  const cause = rootCause(error);
  if (cause instanceof TimeoutFailure)
    return cause.timeoutType === 'HEARTBEAT'
      ? 'the worker that was at it has gone away'
      : `it was not done in time (${cause.message})`;
  return cause instanceof Error ? cause.message : String(cause);
}
