import type { Client, WorkflowExecutionDescription } from '@temporalio/client';

/**
 * Failures of the code itself, with which trying again comes to the same: Temporal's WorkflowTaskFailedCause for a workflow
 * that can't be replayed, and for one that throws what is no failure of Temporal.
 */
const OF_THE_CODE: readonly unknown[] = [24, 14];
const LATEST_EVENTS = 100;

/** What the workflow's latest task failed of, and more than once, if that was the code; null when all is well. */
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
