import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Logger } from 'pino';
import type { FleetSettings } from '../../domain/fleet/fleet';
import { fleetWorkflowId, taskQueue } from '../../domain/names';
import type { fleet } from '../../workflows/fleet/workflow';
import { configureFleetSignal, DEMAND_IN_MEMO } from '../../workflows/fleet/messages';
import { readDemand } from '../../workflows/fleet/message-schemas';
import { WORKFLOW_TASK_TIMEOUT } from '../../workflows/shared/task-timeout';
import { VERSION_IN_MEMO, WORKFLOW_VERSION } from '../../workflows/version';
import { failureOfCode } from './failure-of-code';

/** Makes sure that the fleet has its workflow. Without one, VPNs keep their last targets. */
export class FleetSupervision {
  private readonly workflowId: string;

  constructor(
    private readonly client: Client,
    private readonly settings: FleetSettings,
    private readonly log: Logger,
  ) {
    this.workflowId = fleetWorkflowId(settings.instance);
  }

  /**
   * Ends a workflow that was begun by another version of the workflow code, which this worker could not replay. The
   * next one takes over the demand.
   */
  async endOtherVersion(): Promise<void> {
    for (let ended = ''; ;) {
      const found = await this.describe();
      if (found?.status.name !== 'RUNNING' || found.memo?.[VERSION_IN_MEMO] === WORKFLOW_VERSION) return;
      // Goes on if a worker of the other version let the workflow continue as new in between. Stops if the same run
      // is found again.
      if (found.runId === ended) return;
      await this.terminate(found.runId, `Portward's workflow code is now of version ${WORKFLOW_VERSION}`);
      ended = found.runId;
    }
  }

  /** Starts the workflow, or sends the settings to the running one. */
  async begin(): Promise<void> {
    const { settings, workflowId } = this;
    const former = await this.describe();
    await this.client.workflow.signalWithStart<typeof fleet, [FleetSettings]>('fleet', {
      workflowId,
      taskQueue: taskQueue(settings.instance),
      args: [{ settings }],
      signal: configureFleetSignal,
      signalArgs: [settings],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      memo: { [VERSION_IN_MEMO]: WORKFLOW_VERSION, ...demandOf(former) },
      staticSummary: 'Engines over all VPNs',
      staticDetails: 'Says to each VPN how many engines it keeps.',
    });
  }

  async restartIfNeeded(): Promise<void> {
    const found = await this.describe();
    if (found?.status.name === 'RUNNING') {
      const failure = await failureOfCode(this.client, found);
      if (failure === null) return;
      this.log.error({ event: 'workflow stuck' }, `The fleet's workflow can't go on, starting it again: ${failure}`);
      await this.terminate(found.runId, `it could not go on: ${failure}`);
    } else {
      const why = found ? `has ended (${found.status.name})` : 'is gone';
      this.log.warn(`The fleet's workflow ${why}, starting it again`);
    }
    await this.begin();
  }

  /** By run id, because another worker may have begun the next run meanwhile. */
  private async terminate(runId: string, reason: string): Promise<void> {
    try {
      await this.client.workflow.getHandle(this.workflowId, runId).terminate(reason);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  private async describe(): Promise<WorkflowExecutionDescription | null> {
    try {
      return await this.client.workflow.getHandle(this.workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }
}

/** The demand of the former workflow, for the memo of the next: it outlives a terminated workflow. */
function demandOf(former: WorkflowExecutionDescription | null): Readonly<Record<string, number>> {
  const demand = readDemand(former?.memo?.[DEMAND_IN_MEMO]);
  return demand === null ? {} : { [DEMAND_IN_MEMO]: demand };
}
