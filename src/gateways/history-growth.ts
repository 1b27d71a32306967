import { isGrpcServiceError, type Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { pauseUntil } from '../lib/pause';
import { askingTemporal } from '../temporal/asking';

type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;
type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** What one answer of the server adds to a history. */
export interface Growth {
  /**
   * No workflow task is pending. The state changes only in workflow tasks, so it stays as it is until the history grows again.
   * False: a pending task is about to change the state.
   */
  readonly settled: boolean;
  /** A message to the workflow was added, whose sender may have its answer by now. Or a new run has begun. */
  readonly hasMessage: boolean;
  /** Child workflows that the workflow has started, oldest first. */
  readonly startedChildren: readonly StartedChild[];
  /** Completed activities, oldest first, without those that ended after the workflow had started a newer one of the same type. */
  readonly completedActivities: readonly CompletedActivity[];
  /** Names of the added signals, if nothing else can have changed the workflow's state; otherwise null. */
  readonly onlySignals: readonly string[] | null;
}

export interface StartedChild {
  readonly type: string;
  /** The child's first argument; null if it can't be decoded. */
  readonly input: unknown;
}

export interface CompletedActivity {
  readonly type: string;
  /** Null if it can't be decoded. */
  readonly result: unknown;
}

export interface GrowthListener {
  readonly grown: (growth: Growth) => void;
  /** Called with the error when the history can't be followed, and with null when it can again. */
  readonly broken: (reason: unknown) => void;
}

/** Numbers of Temporal's `EventType`. */
const TASK_COMPLETED = 7;
/** Workflow tasks: scheduled, started, completed, timed out, failed. */
const TASK_EVENTS: readonly number[] = [5, 6, TASK_COMPLETED, 8, 9];
const SIGNALED = 26;
/**
 * Events that do not show a change of state beyond that of a message: workflow tasks, and what a workflow does in answer to a message
 * (timers, signals to other workflows, search attributes, current details).
 */
const WITHOUT_CHANGE: readonly number[] = [...TASK_EVENTS, 17, 19, 37, 38, 39, 40, 46];
const UPDATE_ACCEPTED = 41;
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
export async function followHistory(
  client: Client,
  workflowId: string,
  { grown, broken }: GrowthListener,
  signal: AbortSignal,
): Promise<void> {
  let runId = '';
  let token: Uint8Array | null = null;
  let settled = false;
  let hasFailed = false;
  /** The number of polls that have failed in a row although the server answers. */
  let failedPolls = 0;
  let previousEnd: string | null = null;
  let activities = new LastActivities();
  /** Number of the run's events that are one growth with those before, and what has been read of that growth so far. */
  let firstEvents = 0;
  let first: Growth | null = null;
  let lastRead = 0;
  /** The run had ended before its last events are read. What they say of the VPN is out of date. */
  let hasEnded = false;
  while (!signal.aborted) {
    let answer: History;
    try {
      if (token === null || hasFailed) {
        // Answered at once. After a failure a long poll would be answered only with the next event, or after 20 s.
        const now = await described(client, workflowId, signal);
        broken(null);
        const { execution, historyLength } = now.workflowExecutionInfo ?? {};
        const isSameRun = token !== null && execution?.runId === runId;
        if (token === null || isSameRun) firstEvents = Number(historyLength ?? 0);
        hasEnded = token !== null && !isSameRun;
        if (token === null) {
          runId = execution?.runId ?? '';
          [activities, first, lastRead] = [new LastActivities(), null, 0];
        } else {
          // What has happened since the failure is told with the next answer. Its effect on the state can be queried now.
          settled = !now.pendingWorkflowTask;
          grown({ settled, hasMessage: true, startedChildren: [], completedActivities: [], onlySignals: null });
        }
        hasFailed = false;
        failedPolls++;
      }
      answer = await nextEvents(client, { workflowId, runId }, token, signal);
      failedPolls = 0;
    } catch (error) {
      if (signal.aborted) return;
      const isNotThere = isGrpcServiceError(error) && NOT_THERE.includes(String(error.code));
      if (isNotThere || failedPolls >= POLLS_FAIL_AT_MOST) token = null;
      hasFailed = true;
      broken(error);
      await pauseUntil(Math.min(RETRY_MS_AT_MOST, RETRY_MS * 2 ** failedPolls), signal);
      continue;
    }
    const events = answer.history?.events ?? [];
    const startedChildren: StartedChild[] = [];
    const completedActivities: CompletedActivity[] = [];
    let hasMessage = false;
    let signals: string[] | null = [];
    for (const event of events) {
      const { startChildWorkflowExecutionInitiatedEventAttributes: child } = event;
      const eventType = Number(event.eventType);
      if (TASK_EVENTS.includes(eventType)) settled = eventType === TASK_COMPLETED;
      if (eventType === SIGNALED || eventType === UPDATE_ACCEPTED) hasMessage = true;
      const { signalName } = event.workflowExecutionSignaledEventAttributes ?? {};
      if (typeof signalName === 'string') signals?.push(signalName);
      else if (!WITHOUT_CHANGE.includes(eventType)) signals = null;
      if (child) {
        const type = child.workflowType?.name ?? '';
        startedChildren.push({ type, input: await firstValue(client, child.input) });
      }
      const last = activities.completedBy(event);
      if (last && !hasEnded)
        completedActivities.push({ type: last.type, result: await firstValue(client, last.result) });
    }
    token = answer.nextPageToken?.length ? answer.nextPageToken : null;
    const read = { settled, hasMessage, startedChildren, completedActivities, onlySignals: signals };
    const growth: Growth = first === null ? read : both(first, read);
    lastRead = Number(events.at(-1)?.eventId ?? lastRead);
    if (token !== null && lastRead < firstEvents) {
      first = growth;
      continue;
    }
    first = null;
    if (token !== null) {
      if (events.length > 0) grown(growth);
      if (!settled) await pauseUntil(TASK_TAKES_MS, signal);
      continue;
    }
    // The run has ended. The next run exists already (continue-as-new), or begins when the workflow is started again.
    settled = false;
    const runEnd = `${runId} ${lastRead}`;
    if (runEnd === previousEnd) await pauseUntil(POLL_ENDED_MS, signal);
    else grown({ ...growth, settled, hasMessage: true, onlySignals: null });
    previousEnd = runEnd;
  }
}

/** One growth of two, the older one first. */
function both(older: Growth, newer: Growth): Growth {
  const areSignals = older.onlySignals !== null && newer.onlySignals !== null;
  return {
    settled: newer.settled,
    hasMessage: older.hasMessage || newer.hasMessage,
    startedChildren: [...older.startedChildren, ...newer.startedChildren],
    completedActivities: [...older.completedActivities, ...newer.completedActivities],
    onlySignals: areSignals ? [...older.onlySignals, ...newer.onlySignals] : null,
  };
}

type HistoryEvent = NonNullable<NonNullable<History['history']>['events']>[number];
type Payloads = NonNullable<HistoryEvent['activityTaskCompletedEventAttributes']>['result'];

/** The last scheduled activity of each type. The result of an earlier one may be out of date, so it is ignored. */
class LastActivities {
  /** Event ids by activity type. */
  private readonly scheduled = new Map<string, string>();

  /** The activity that completed with that event; null: none, or one that is not the last of its type. */
  completedBy(event: HistoryEvent): { readonly type: string; readonly result: Payloads } | null {
    const {
      eventId,
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskCompletedEventAttributes: completed,
    } = event;
    if (scheduled) this.scheduled.set(scheduled.activityType?.name ?? '', String(eventId));
    if (!completed) return null;
    const [type] = [...this.scheduled].find(([, id]) => id === String(completed.scheduledEventId)) ?? [];
    return type === undefined ? null : { type, result: completed.result };
  }
}

/** The first of the values; null if it can't be decoded. */
async function firstValue({ options }: Client, values: Payloads): Promise<unknown> {
  const decoded = await decodeArrayFromPayloads(options.loadedDataConverter, values?.payloads).catch(() => []);
  return decoded[0] ?? null;
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
