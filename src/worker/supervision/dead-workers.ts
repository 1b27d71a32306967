import type { Client } from '@temporalio/client';

/**
 * Temporal keeps the tasks of a workflow for the worker that has it in its cache, and asks others only after the sticky
 * time-out. A worker that was killed has not said that it ends; so a new one has that forgotten. One that still runs beside
 * it loses no more than its cache.
 */
export async function forgetCaches(client: Client, taskQueue: string): Promise<void> {
  const { namespace } = client.options;
  const running = client.workflow.list({ query: `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'` });
  const all: Promise<unknown>[] = [];
  for await (const { workflowId, runId } of running) {
    const execution = { workflowId, runId };
    // The list lags behind: one that has ended has nothing to be forgotten.
    all.push(client.workflowService.resetStickyTaskQueue({ namespace, execution }).catch(() => {}));
  }
  await Promise.all(all);
}
