import type { WorkflowInterceptors } from '@temporalio/workflow';

/** The attribute by which each line says from which workflow task it is. */
export const TASK_MARK = 'portwardTask';

// Each workflow has modules of its own.
let before = 0;
let length = 0;
let begun = 0;

/**
 * Names the workflow task that is at work: the end of the history before it, which is the same for all attempts at it, and the
 * attempt. A task whose answer Temporal does not take, because it came too late or failed, is carried out once more, and not
 * as a replay: what it logs and counts would come out once for each attempt. By this mark `temporal/once.ts` knows better.
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
