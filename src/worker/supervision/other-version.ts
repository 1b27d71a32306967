import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Logger } from 'pino';
import { replacementWorkflowIdPrefix, vpnWorkflowId } from '../../domain/names';
import { endWithReplacements, listRunning } from './end-workflows';
import { VERSION_IN_MEMO, WORKFLOW_VERSION } from '../../workflows/version';

export interface EndOtherVersionsOptions {
  readonly client: Client;
  readonly instance: string;
  /** The configured VPNs. Others that still have a workflow are found by this module. */
  readonly vpns: readonly string[];
  readonly log: Logger;
}

/**
 * Ends the workflows of VPNs that were begun by another version of the workflow code, and their replacements: this
 * worker could not replay them. The next workflows find in Docker what those were doing, and adopt engines by their
 * labels. This may be interrupted at any point, because the version of an ended workflow counts as well.
 */
export async function endOtherVersions({ client, instance, vpns, log }: EndOtherVersionsOptions): Promise<void> {
  const running = await listRunning(client, vpnWorkflowId(instance, ''));
  const all = new Set([...vpns.map((vpn) => vpnWorkflowId(instance, vpn)), ...running]);
  await Promise.all(
    [...all].map(async (workflowId) => {
      const vpn = workflowId.slice(vpnWorkflowId(instance, '').length);
      // A worker of the other version that still runs may let the workflow continue as new in between.
      for (let ended = ''; ;) {
        const found = await describe(client, workflowId);
        if (found === null || versionOf(found) === WORKFLOW_VERSION || found.runId === ended) return;
        log.info(
          { event: 'other version' },
          `[${vpn}] its workflow is of version ${versionOf(found) ?? 'none'}, this Portward has ${WORKFLOW_VERSION}: ` +
            "it begins anew from Docker's state; engines keep running",
        );
        const reason = `Portward's workflow code is now of version ${WORKFLOW_VERSION}`;
        await endWithReplacements(client, found, replacementWorkflowIdPrefix(instance, vpn), reason);
        ended = found.runId;
      }
    }),
  );
}

function versionOf({ memo }: WorkflowExecutionDescription): number | null {
  const version = memo?.[VERSION_IN_MEMO];
  return typeof version === 'number' ? version : null;
}

async function describe(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
