import { isGrpcServiceError, type Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { pauseUntil } from '../lib/pause';
import { askingTemporal } from '../temporal/asking';

type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;

/** What a history has more than before. */
export interface Growth {
  /**
   * While a workflow task is to be carried out (false) the workflow's state is about to become another one; a history that grows no more,
   * and is settled, is that of a state that stays.
   */
  readonly settled: boolean;
  /** A message to the workflow is in it, whose sender may have been answered by now, or another run has begun. */
  readonly addressed: boolean;
  /** Children that the workflow has begun, each with its input, oldest first. */
  readonly begun: readonly Child[];
  /** Activities that have come to their end, each with its result, oldest first. One that the workflow has begun anew since is not among them. */
  readonly ended: readonly EndedActivity[];
  /** Names of its signals, where nothing else in it can have changed the workflow's state; otherwise null. */
  readonly onlySignals: readonly string[] | null;
}

export interface Child {
  readonly type: string;
  /** Null where it can't be read. So is a result. */
  readonly input: unknown;
}

export interface EndedActivity {
  readonly type: string;
  readonly result: unknown;
}

export interface GrowthListener {
  readonly grown: (growth: Growth) => void;
  /** Why the history can't be followed now; null: it can be again. */
  readonly broken: (reason: unknown) => void;
}

/** Temporal's numbers of history events. */
const TASK_COMPLETED = 7;
const OF_TASKS: readonly number[] = [5, 6, TASK_COMPLETED, 8, 9];
const SIGNALED = 26;
/** What a workflow does when it has taken in a message: timers, signals to others, search attributes, its current details. */
const BESIDE_MESSAGES: readonly number[] = [...OF_TASKS, 17, 19, 37, 38, 39, 40, 46];
const UPDATE_ACCEPTED = 41;
/** A poll ends after 20 s without an event, by the server's own clock. */
const POLL_WITHIN_MS = 60_000;
const TRY_AGAIN_MS = 200;
/** A task's start and its end then come with one answer. */
const TASK_TAKES_MS = 10;
/** Between two looks at a workflow that has ended, or is not there yet. */
const LOOK_AGAIN_MS = 500;
/** Of gRPC: what the server says where it knows no such workflow, or no such place in its history. */
const NOT_THERE: readonly string[] = ['3', '5'];

/**
 * Follows a workflow's history through all its runs until `signal` is aborted: each call waits at the server for the next event, and
 * costs nothing meanwhile. The first call of a run returns all that the run's history has.
 */
export async function followHistory(
  client: Client,
  workflowId: string,
  { grown, broken }: GrowthListener,
  signal: AbortSignal,
): Promise<void> {
  let token: Uint8Array | null = null;
  let settled = false;
  let end: string | null = null;
  let activities = new LastActivities();
  while (!signal.aborted) {
    if (token === null) activities = new LastActivities();
    let answer: History;
    try {
      answer = await nextEvents(client, workflowId, token, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (isGrpcServiceError(error) && NOT_THERE.includes(String(error.code))) token = null;
      broken(error);
      await pauseUntil(TRY_AGAIN_MS, signal);
      continue;
    }
    broken(null);
    const events = answer.history?.events ?? [];
    const begun: Child[] = [];
    const ended: EndedActivity[] = [];
    let addressed = false;
    let signals: string[] | null = [];
    for (const event of events) {
      const { startChildWorkflowExecutionInitiatedEventAttributes: child } = event;
      const eventType = Number(event.eventType);
      if (OF_TASKS.includes(eventType)) settled = eventType === TASK_COMPLETED;
      if (eventType === SIGNALED || eventType === UPDATE_ACCEPTED) addressed = true;
      const { signalName } = event.workflowExecutionSignaledEventAttributes ?? {};
      if (typeof signalName === 'string') signals?.push(signalName);
      else if (!BESIDE_MESSAGES.includes(eventType)) signals = null;
      if (child) begun.push({ type: child.workflowType?.name ?? '', input: await valueOf(client, child.input) });
      const last = activities.take(event);
      if (last) ended.push({ type: last.type, result: await valueOf(client, last.result) });
    }
    token = answer.nextPageToken?.length ? answer.nextPageToken : null;
    if (token !== null) {
      if (events.length > 0) grown({ settled, addressed, begun, ended, onlySignals: signals });
      if (!settled) await pauseUntil(TASK_TAKES_MS, signal);
      continue;
    }
    // The run has ended. The next one begins in that moment, or when somebody starts the workflow again.
    settled = false;
    const last = events.at(-1);
    const place = `${String(last?.eventId)} ${String(last?.eventTime?.seconds)} ${last?.eventTime?.nanos}`;
    if (place === end) await pauseUntil(LOOK_AGAIN_MS, signal);
    else grown({ settled, addressed: true, begun, ended, onlySignals: null });
    end = place;
  }
}

type HistoryEvent = NonNullable<NonNullable<History['history']>['events']>[number];
type Payloads = NonNullable<HistoryEvent['activityTaskCompletedEventAttributes']>['result'];

/** Of each type the activity that a workflow has begun last: what one before it comes to may count for nothing any more. */
class LastActivities {
  private readonly begun = new Map<string, string>();

  /** What has ended with that event. */
  take(event: HistoryEvent): { readonly type: string; readonly result: Payloads } | null {
    const {
      eventId,
      activityTaskScheduledEventAttributes: scheduled,
      activityTaskCompletedEventAttributes: ended,
    } = event;
    if (scheduled) this.begun.set(scheduled.activityType?.name ?? '', String(eventId));
    if (!ended) return null;
    const [type] = [...this.begun].find(([, id]) => id === String(ended.scheduledEventId)) ?? [];
    return type === undefined ? null : { type, result: ended.result };
  }
}

/** The first of them; null where it can't be read. */
async function valueOf({ options }: Client, values: Payloads): Promise<unknown> {
  const decoded = await decodeArrayFromPayloads(options.loadedDataConverter, values?.payloads).catch(() => []);
  return decoded[0] ?? null;
}

function nextEvents(
  { connection, workflowService, options: { namespace } }: Client,
  workflowId: string,
  nextPageToken: Uint8Array | null,
  signal: AbortSignal,
): Promise<History> {
  return askingTemporal(connection, { withinMs: POLL_WITHIN_MS, signal }, () =>
    workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId },
      waitNewEvent: true,
      ...(nextPageToken === null ? {} : { nextPageToken }),
    }),
  );
}
