import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { endedCall, runningOn } from './running-on';

type Interceptor = ReturnType<typeof makeGrpcRetryInterceptor>;
type Status = Parameters<ReturnType<typeof defaultGrpcRetryOptions>['delayFunction']>[1];

/**
 * The server calls a workflow busy (RESOURCE_EXHAUSTED) when several ask for it at the same moment. The SDK's own patience with
 * that, 1.4 to 2 s, is longer than a query may take, and proxies would be shown an old list for it.
 */
const FIRST_RETRY_MS = 20;
/** Who follows a history has to know at once that it can't be followed, and tries again by itself. */
const NEVER_RETRIED = '/GetWorkflowExecutionHistory';

/**
 * The SDK's retries of calls to the server, but for five things. Its first pause is long. Its pauses grow to 5 s and go on
 * beyond a call's deadline, so that a call with 2 s could take 3.5 s and more: here one whose pause would outlast the deadline
 * has failed. It makes the next attempt from a timer, where nothing catches what a connection throws that was closed
 * meanwhile: that ends the process. Here the call fails with what it failed with before. And the deadline is the caller's
 * alone: the server has longer for each attempt (`running-on.ts`). Polls of a history are not retried.
 */
export const retriesWithinDeadline: Interceptor = (options, nextCall) => {
  const sdk = defaultGrpcRetryOptions({ initialIntervalMs: () => FIRST_RETRY_MS });
  const deadline = Number(options.deadline ?? Infinity);
  let pause = 0;
  let failed: Status | null = null;
  let closed = false;
  const retries = !options.method_definition.path.endsWith(NEVER_RETRIED);
  const interceptor = makeGrpcRetryInterceptor({
    delayFunction: () => pause,
    retryableDecider: (attempt, status) => {
      failed = status;
      pause = sdk.delayFunction(attempt, status);
      return retries && !closed && sdk.retryableDecider(attempt, status) && Date.now() + pause < deadline;
    },
  });
  return interceptor(options, (again) => {
    try {
      return runningOn(again, nextCall);
    } catch (error) {
      // What the first attempt throws is caught by who makes it.
      if (failed === null) throw error;
      closed = true;
      return endedCall(failed);
    }
  });
};
