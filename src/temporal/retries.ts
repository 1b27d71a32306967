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

/**
 * The SDK's retries of calls to the server, with five changes:
 * - The first pause is shorter.
 * - A call fails when its next pause would end after its deadline. The SDK's pauses grow to 5 s and ignore the deadline, so
 *   a call with 2 s could take 3.5 s and more.
 * - A connection that was closed during a pause fails the call with its previous error. The SDK makes the next attempt in a
 *   timer, where nothing catches what a closed connection throws, and the process would end.
 * - The deadline ends the call for the caller only. The server has longer for each attempt (`running-on.ts`).
 * - Long polls of a history are not retried.
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
      // The caller catches what the first attempt throws.
      if (failed === null) throw error;
      closed = true;
      return endedCall(failed);
    }
  });
};
