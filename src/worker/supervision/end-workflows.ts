import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { pauseUntil } from '../../lib/pause';

/**
 * Terminates that run of a VPN's workflow, and the VPN's replacements. The next workflow finds in Docker what they
 * were doing.
 */
export async function endWithReplacements(
  client: Client,
  vpn: WorkflowExecutionDescription,
  replacementPrefix: string,
  reason: string,
): Promise<void> {
  // The VPN's workflow first, since it would start further replacements. By run id, because another worker that
  // starts at the same moment may already have begun the next run.
  const { workflowId, runId } = vpn;
  await terminate(client, workflowId, runId, reason);
  const ended = await client.workflow.getHandle(workflowId, runId).describe();
  const begun = await replacementsBefore(client, ended, replacementPrefix);
  for (const id of begun) await terminate(client, id, undefined, reason);
  // A replacement that was ordered last may not have begun yet, and begins even though its parent has ended.
  for (const { workflowId: id } of ended.raw.pendingChildren ?? []) {
    if (!id || begun.includes(id)) continue;
    for (let tries = 10; tries > 0; tries--) {
      if (await terminate(client, id, undefined, reason)) break;
      await pauseUntil(100);
    }
  }
}

/** Ids of running workflows with this prefix. @param query a further condition, in Temporal's list filter */
export async function listRunning(client: Client, prefix: string, query = ''): Promise<string[]> {
  const ids: string[] = [];
  const all = `WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus = 'Running' ${query}`;
  for await (const { workflowId } of client.workflow.list({ query: all })) ids.push(workflowId);
  return ids;
}

/**
 * Replacements that began before the VPN's workflow ended. Later ones belong to a run that another worker has begun
 * since; the list may lag behind by a moment.
 */
function replacementsBefore(client: Client, ended: WorkflowExecutionDescription, prefix: string): Promise<string[]> {
  const until = (ended.closeTime ?? new Date()).toISOString();
  return listRunning(client, prefix, `AND StartTime <= '${until}'`);
}

/** @returns false if no such workflow runs */
async function terminate(
  client: Client,
  workflowId: string,
  runId: string | undefined,
  reason: string,
): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId, runId).terminate(reason);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return false;
  }
}
