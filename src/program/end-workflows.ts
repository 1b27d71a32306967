import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';

/**
 * Terminates that run of a VPN's workflow, and the VPN's replacements. What they were doing is found in Docker by the
 * workflow that is started next.
 */
export async function endWithReplacements(
  client: Client,
  vpn: WorkflowExecutionDescription,
  replacementPrefix: string,
  reason: string,
): Promise<void> {
  // First the VPN's, which would start further replacements. By run: another worker that starts at the same moment may have
  // begun the next one already.
  const { workflowId, runId } = vpn;
  await terminate(client, workflowId, runId, reason);
  const ended = await client.workflow.getHandle(workflowId, runId).describe();
  for (const id of await replacementsOf(client, ended, replacementPrefix))
    await terminate(client, id, undefined, reason);
}

/** @param query what else they have in common, as Temporal's list filter */
export async function listRunning(client: Client, prefix: string, query = ''): Promise<string[]> {
  const ids: string[] = [];
  const all = `WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus = 'Running' ${query}`;
  for await (const { workflowId } of client.workflow.list({ query: all })) ids.push(workflowId);
  return ids;
}

/**
 * Those begun before that run's end: later ones are of the run that another worker has begun since. The list lags behind by a
 * moment, the run's own children don't; those of the runs before it are in the list by now.
 */
async function replacementsOf(
  client: Client,
  ended: WorkflowExecutionDescription,
  prefix: string,
): Promise<Set<string>> {
  const until = (ended.closeTime ?? new Date()).toISOString();
  const ids = new Set(await listRunning(client, prefix, `AND StartTime <= '${until}'`));
  for (const { workflowId } of ended.raw.pendingChildren ?? []) if (workflowId) ids.add(workflowId);
  return ids;
}

async function terminate(client: Client, workflowId: string, runId: string | undefined, reason: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId, runId).terminate(reason);
  } catch (error) {
    // It has ended.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
