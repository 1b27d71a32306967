import { isGrpcServiceError, type Client } from '@temporalio/client';
import { growingPause } from '../lib/growing-pauses';
import { pauseUntil } from '../lib/pause';
import { askingTemporal } from '../temporal/asking';
import type { Growth } from './growth';
import { RunEvents, type History } from './run-events';

type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

export interface GrowthListener {
  readonly grown: (growth: Growth) => void;
  /** Called with the error when the history can't be followed, and with null when it can again. */
  readonly broken: (reason: unknown) => void;
}

/** The server ends a long poll after 20 s without an event. */
const POLL_WITHIN_MS = 60_000;
const DESCRIBED_WITHIN_MS = 10_000;
const RETRY_MS = 200;
/** Where polls fail although the server answers, the pauses double up to this. */
const RETRY_MS_AT_MOST = 5_000;
/** After so many such polls the position in the history is given up. */
const POLLS_FAIL_AT_MOST = 3;
/** Time for a pending task to complete, so that its start and its end come with one answer. */
const TASK_TAKES_MS = 10;
/** Pause between two polls of a workflow that has ended and was not started again. */
const POLL_ENDED_MS = 500;
/** gRPC status codes of a server that knows no such workflow, or no such position in its history. */
const NOT_THERE: readonly string[] = ['3', '5'];

/**
 * Follows a workflow's history through all its runs until `signal` is aborted. Each call is a long poll: it waits at the server for
 * the next event and costs nothing meanwhile. The history that a run has when it is first seen is one growth, whatever its length.
 */
export function followHistory(
  client: Client,
  workflowId: string,
  listener: GrowthListener,
  signal: AbortSignal,
): Promise<void> {
  return new HistoryFollower(client, workflowId, listener, signal).follow();
}

class HistoryFollower {
  /** The run that is being read; null: it is not known. */
  private run: RunEvents | null = null;
  private hasFailed = false;
  /** The number of polls that have failed in a row although the server answers. */
  private failedPolls = 0;
  /** The last run that has ended, and the number of its last event. */
  private previousEnd: string | null = null;

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
    private readonly listener: GrowthListener,
    private readonly signal: AbortSignal,
  ) {}

  async follow(): Promise<void> {
    while (!this.signal.aborted) {
      const answer = await this.poll().catch((error: unknown) => this.failed(error));
      if (answer === null || this.run === null) continue;
      const growth = await this.run.add(answer);
      if (this.run.token === null) {
        await this.ended(this.run, growth);
        continue;
      }
      if (growth !== null) this.listener.grown(growth);
      if (!this.run.settled && !this.run.hasMore) await pauseUntil(TASK_TAKES_MS, this.signal);
    }
  }

  private async poll(): Promise<History> {
    const run = this.run === null || this.hasFailed ? await this.find(this.run) : this.run;
    const answer = await nextEvents(
      this.client,
      { workflowId: this.workflowId, runId: run.id },
      run.token,
      this.signal,
    );
    this.failedPolls = 0;
    return answer;
  }

  /** Asks for the workflow's present run. The answer comes at once; that to a long poll after a failure comes with the next event, or after 20 s. */
  private async find(run: RunEvents | null): Promise<RunEvents> {
    const { workflowExecutionInfo, pendingWorkflowTask } = await described(this.client, this.workflowId, this.signal);
    this.listener.broken(null);
    const id = workflowExecutionInfo?.execution?.runId ?? '';
    const events = Number(workflowExecutionInfo?.historyLength ?? 0);
    this.hasFailed = false;
    this.failedPolls++;
    if (run === null) return (this.run = new RunEvents(this.client, id, events));
    run.presentIs({ id, events });
    // What has happened since the failure is told with the next answer. Its effect on the state can be queried now.
    run.settled = !pendingWorkflowTask;
    const nothing = { startedChildren: [], completedActivities: [], onlySignals: null };
    this.listener.grown({ settled: run.settled, hasMessage: true, ...nothing });
    return run;
  }

  private async failed(error: unknown): Promise<null> {
    if (this.signal.aborted) return null;
    const isNotThere = isGrpcServiceError(error) && NOT_THERE.includes(String(error.code));
    if (isNotThere || this.failedPolls >= POLLS_FAIL_AT_MOST || this.run?.token === null) this.run = null;
    this.hasFailed = true;
    this.listener.broken(error);
    await pauseUntil(growingPause(RETRY_MS, RETRY_MS_AT_MOST, this.failedPolls), this.signal);
    return null;
  }

  /** The next run exists already (continue-as-new), or begins when the workflow is started again. */
  private async ended(run: RunEvents, growth: Growth | null): Promise<void> {
    const end = `${run.id} ${run.last}`;
    if (end === this.previousEnd) await pauseUntil(POLL_ENDED_MS, this.signal);
    else if (growth !== null) this.listener.grown({ ...growth, settled: false, hasMessage: true, onlySignals: null });
    this.previousEnd = end;
    this.run = null;
  }
}

/** The workflow's present run. */
function described(
  { connection, workflowService, options: { namespace } }: Client,
  workflowId: string,
  signal: AbortSignal,
): Promise<Description> {
  return askingTemporal(connection, { withinMs: DESCRIBED_WITHIN_MS, signal }, () =>
    workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
  );
}

function nextEvents(
  { connection, workflowService, options: { namespace } }: Client,
  execution: { readonly workflowId: string; readonly runId: string },
  nextPageToken: Uint8Array | null,
  signal: AbortSignal,
): Promise<History> {
  return askingTemporal(connection, { withinMs: POLL_WITHIN_MS, signal }, () =>
    workflowService.getWorkflowExecutionHistory({
      namespace,
      execution,
      waitNewEvent: true,
      ...(nextPageToken === null ? {} : { nextPageToken }),
    }),
  );
}
