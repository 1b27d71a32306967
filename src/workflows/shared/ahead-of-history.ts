import type { WorkflowInterceptors } from '@temporalio/workflow';
import { ASK_AGAIN } from '../vpn/messages';

/**
 * Works around a fault of the SDK (1.24, `take_next_wft_sequence` of its core).
 *
 * A query whose workflow is in no worker's cache comes with the whole history, which includes events after the last workflow task. The
 * SDK applies these events at once, and continues from there with the next task. A replay applies them with that task, at a later
 * time. So the two come to different commands, and the workflow is stuck for good.
 *
 * Here such a query fails instead. Then the worker drops the workflow from its cache, and a repeated query is answered after the next
 * task. With the workflow the worker drops all but the first of the tasks that waited for it: a task behind further queries is lost
 * until its time-out. So queries should come after the signals with which a worker begins (`mayBeAsked` of the worker's program).
 *
 * The size of the history, which grows with each workflow task, shows whether a task has come. The SDK requires the name `interceptors`.
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
            // Temporal servers before 1.20 give 0.
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
