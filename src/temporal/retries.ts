import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { endedCall, runningOn } from './running-on';

type Interceptor = ReturnType<typeof makeGrpcRetryInterceptor>;
type Status = Parameters<ReturnType<typeof defaultGrpcRetryOptions>['delayFunction']>[1];

/**
 * The server answers RESOURCE_EXHAUSTED when several requests for one workflow come at the same moment. The SDK waits 1.4 to 2 s
 * before it retries. That is longer than a query may take, and proxies would get an old list meanwhile.
 */
const FIRST_RETRY_MS = 20;
/** The follower of a history must learn of a failure at once, and retries by itself. */
const NEVER_RETRIED = '/GetWorkflowExecutionHistory';
/** All callers of this method retry by themselves, too, when the server is away. */
const RETRIED_IF_BUSY = '/DescribeWorkflowExecution';
const RESOURCE_EXHAUSTED = 8;

/**
 * The SDK's retries of calls to the server, with five changes:
 * - The first pause is shorter.
 * - A call fails when its next pause would end after its deadline. The SDK's pauses grow to 5 s and ignore the deadline, so
 *   a call with 2 s could take 3.5 s and more.
 * - A connection that was closed during a pause fails the call with its previous error. The SDK makes the next attempt in a
 *   timer, where nothing catches what a closed connection throws, and the process would end.
 * - The deadline ends the call for the caller only. The server has longer for each attempt (`running-on.ts`).
 * - Long polls of a history are not retried; descriptions of workflows are if the server is busy, and not if it is away.
 */
export const retriesWithinDeadline: Interceptor = (options, nextCall) => {
  const sdk = defaultGrpcRetryOptions({ initialIntervalMs: () => FIRST_RETRY_MS });
  const deadline = Number(options.deadline ?? Infinity);
  let pause = 0;
  let failed: Status | null = null;
  let closed = false;
  const { path } = options.method_definition;
  const isRetried = (code: number) =>
    !path.endsWith(NEVER_RETRIED) && (!path.endsWith(RETRIED_IF_BUSY) || code === RESOURCE_EXHAUSTED);
  const interceptor = makeGrpcRetryInterceptor({
    delayFunction: () => pause,
    retryableDecider: (attempt, failure) => {
      failed = failure;
      pause = sdk.delayFunction(attempt, failure);
      return (
        isRetried(failure.code) && !closed && sdk.retryableDecider(attempt, failure) && Date.now() + pause < deadline
      );
    },
  });
  return interceptor(options, (again) => {
    try {
      return runningOn(again, nextCall);
    } catch (error) {
      // The caller catches what the first attempt throws.
      if (failed === null) throw error;
      closed = true;
      return endedCall(failed);
    }
  });
};
