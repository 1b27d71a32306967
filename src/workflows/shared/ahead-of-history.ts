import type { WorkflowInterceptors } from '@temporalio/workflow';
import { ASK_AGAIN } from '../vpn/messages';

/**
 * A query that finds its workflow in no worker's cache brings the whole history along, and with it what has happened since
 * the last workflow task. The SDK (1.24, `take_next_wft_sequence` of its core) hands that to the workflow there and then, and
 * goes on from there with the next task. A replay hands it over with that task, at a later time: the two come to different
 * commands, and the workflow is stuck for good. So such a state is not made: the query fails, which has the worker forget
 * the workflow, and whoever asks again is answered after the task. With the workflow the worker forgets all but the first of the tasks
 * that waited for it, so a task that has further queries before it is lost until its time-out: queries had better come after the
 * signals with which a worker begins (`mayBeAsked` of the worker's program).
 *
 * A workflow task is known by the size of the history, which grows with each. Every module of interceptors has to export
 * that name.
 */
export function interceptors(): WorkflowInterceptors {
  let taken: { readonly events: number; readonly bytes: number } | null = null;
  return {
    internals: [
      {
        activate(input, next) {
          const { historyLength, historySizeBytes, jobs } = input.activation;
          if (jobs?.some((job) => !job.queryWorkflow)) {
            const now = { events: historyLength ?? 0, bytes: historySizeBytes?.toNumber() ?? 0 };
            // Servers before 1.20 say 0.
            if (taken !== null && now.bytes > 0 && now.bytes === taken.bytes && now.events > taken.events)
              throw new Error(ASK_AGAIN);
            taken = now;
          }
          next(input);
        },
      },
    ],
  };
}
