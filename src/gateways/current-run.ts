import { QueryRejectedError, WorkflowNotFoundError, type Client } from '@temporalio/client';

type Described = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** Temporal's WORKFLOW_EXECUTION_STATUS_RUNNING. */
const RUNNING = 1;

/**
 * Addresses requests to the last known run of a workflow. The server answers requests with a run id from memory; without one it
 * reads its database to find the current run. When the known run has ended, the request is sent again without a run id.
 */
export class CurrentRun {
  private runId: string | undefined;

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
  ) {}

  async describe(): Promise<Described> {
    const { runId } = this;
    const found = await this.ask((run) =>
      this.client.workflowService.describeWorkflowExecution({
        namespace: this.client.options.namespace,
        execution: { workflowId: this.workflowId, ...(run === undefined ? {} : { runId: run }) },
      }),
    );
    const { status, execution } = found.workflowExecutionInfo ?? {};
    const runs = Number(status) === RUNNING;
    this.runId = runs ? (execution?.runId ?? undefined) : undefined;
    return runs || runId === undefined ? found : this.describe();
  }

  async ask<T>(work: (runId: string | undefined) => Promise<T>): Promise<T> {
    const { runId } = this;
    try {
      return await work(runId);
    } catch (error) {
      if (runId === undefined || !saysEnded(error)) throw error;
      this.runId = undefined;
      return work(undefined);
    }
  }
}

/** gRPC status code. */
const NOT_FOUND = '5';

function saysEnded(error: unknown): boolean {
  if (error instanceof QueryRejectedError || error instanceof WorkflowNotFoundError) return true;
  return error instanceof Error && 'code' in error && String(error.code) === NOT_FOUND;
}
