import type { WorkflowInterceptors } from '@temporalio/workflow';

/** Attribute of a log line that names the workflow task which wrote it. */
export const TASK_MARK = 'portwardTask';

// Variables of the module: each workflow has modules of its own.
let before = 0;
let length = 0;
let begun = 0;

/**
 * Names the present attempt at a workflow task: the length of the history before the task, which is the same for all attempts, and the
 * attempt's own. If Temporal does not accept the result of a task, for example because it is late, the task is carried out again, and
 * not as a replay. Its log lines and counts would come out once for each attempt; `src/worker/once.ts` drops repeats by this mark.
 */
export function taskMark(): string {
  return `${before}/${length}/${begun}`;
}

export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input, next) {
          const { historyLength, timestamp, jobs } = input.activation;
          const at = Number(timestamp?.seconds ?? 0) * 1000 + Math.floor((timestamp?.nanos ?? 0) / 1e6);
          // Queries belong to no task.
          const isTask = jobs?.some((job) => !job.queryWorkflow) === true;
          if (isTask && (historyLength !== length || at !== begun)) {
            before = length;
            length = historyLength ?? 0;
            begun = at;
          }
          next(input);
        },
      },
    ],
    outbound: [{ getLogAttributes: (input, next) => ({ ...next(input), [TASK_MARK]: taskMark() }) }],
  };
}
