import type { Client, WorkflowExecutionDescription } from '@temporalio/client';

/**
 * Causes of failed tasks that a retry can't mend, because the code itself fails. Values of Temporal's
 * WorkflowTaskFailedCause: a workflow that can't be replayed (24), and one that throws anything but a failure of
 * Temporal's (14).
 */
const OF_THE_CODE: readonly unknown[] = [24, 14];
const LATEST_EVENTS = 100;

/** The message with which the workflow's code has failed more than once in its latest task; null if it has not. */
export async function failureOfCode(
  client: Client,
  { workflowId, runId, raw }: WorkflowExecutionDescription,
): Promise<string | null> {
  if ((raw.pendingWorkflowTask?.attempt ?? 1) < 2) return null;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: LATEST_EVENTS,
  });
  const latest = history?.events?.find(
    (e) => e.workflowTaskCompletedEventAttributes ?? e.workflowTaskFailedEventAttributes,
  );
  const failed = latest?.workflowTaskFailedEventAttributes;
  return OF_THE_CODE.includes(failed?.cause) ? (failed?.failure?.message ?? 'its code failed') : null;
}
