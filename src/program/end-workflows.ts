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
  await terminate(client, vpn.workflowId, vpn.runId, reason);
  for (const id of await replacementsOf(client, vpn, replacementPrefix)) await terminate(client, id, undefined, reason);
}

export async function listRunning(client: Client, prefix: string): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  return ids;
}

/** The list lags behind by a moment, the run's own children don't; those of the runs before it are in the list by now. */
async function replacementsOf(client: Client, vpn: WorkflowExecutionDescription, prefix: string): Promise<Set<string>> {
  const ids = new Set(await listRunning(client, prefix));
  for (const { workflowId } of vpn.raw.pendingChildren ?? []) if (workflowId) ids.add(workflowId);
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
