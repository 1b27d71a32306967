import type { Client } from '@temporalio/client';

/**
 * Temporal keeps the tasks of a workflow for the worker that has it in its cache, and gives them to others only after
 * the sticky time-out. A killed worker could not tell Temporal of its end. So a new worker makes Temporal forget
 * these assignments; a worker that still runs beside it only loses its cache.
 */
export async function forgetCaches(client: Client, taskQueue: string): Promise<void> {
  const { namespace } = client.options;
  const running = client.workflow.list({ query: `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'` });
  const all: Promise<unknown>[] = [];
  for await (const { workflowId, runId } of running) {
    const execution = { workflowId, runId };
    // The list lags behind: a workflow that has ended meanwhile has nothing to forget.
    all.push(client.workflowService.resetStickyTaskQueue({ namespace, execution }).catch(() => {}));
  }
  await Promise.all(all);
}
