import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { both, type CompletedActivity, type Growth, type StartedChild } from './growth';

export type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;
type HistoryEvent = NonNullable<NonNullable<History['history']>['events']>[number];
type Payloads = NonNullable<HistoryEvent['activityTaskCompletedEventAttributes']>['result'];

/** Numbers of Temporal's `EventType`. */
const TASK_COMPLETED = 7;
/** Workflow tasks: scheduled, started, completed, timed out, failed. */
const TASK_EVENTS: readonly number[] = [5, 6, TASK_COMPLETED, 8, 9];
const SIGNALED = 26;
const UPDATE_ACCEPTED = 41;
/**
 * Events that do not show a change of state beyond that of a message: workflow tasks, and what a workflow does in answer to a message
 * (timers, signals to other workflows, search attributes, current details).
 */
const WITHOUT_CHANGE: readonly number[] = [...TASK_EVENTS, 17, 19, 37, 38, 39, 40, 46];

/** The events of one run of a workflow, in the order in which the server sends them. */
export class RunEvents {
  /** The position for the next answer; null: there was no answer yet, or the last one had the end of the run. */
  token: Uint8Array | null = null;
  /** Whether no workflow task is pending. */
  settled = false;
  /** The number of the last event. */
  last = 0;
  private readonly activities = new LastActivities();
  /** What has been read of a growth that has more pages. */
  private begun: Growth | null = null;
  /** The run had ended before its last events were read. What they say of the VPN is out of date. */
  private isOutOfDate = false;

  /** @param known the number of events that the run has already: they are one growth, however many answers they take */
  constructor(
    private readonly client: Client,
    readonly id: string,
    private known: number,
  ) {}

  /** Whether the server has more pages of the growth that is being read. */
  get hasMore(): boolean {
    return this.begun !== null;
  }

  /** To be called after a failure, with the run that the workflow has now, and the number of its events. */
  presentIs(present: { readonly id: string; readonly events: number }): void {
    this.isOutOfDate = present.id !== this.id;
    if (!this.isOutOfDate) this.known = present.events;
  }

  /** Adds an answer of the server. @returns null if there is nothing to tell yet */
  async add({ history, nextPageToken }: History): Promise<Growth | null> {
    const events = history?.events ?? [];
    const read = await this.growthOf(events);
    const growth = this.begun === null ? read : both(this.begun, read);
    this.token = nextPageToken?.length ? nextPageToken : null;
    this.last = Number(events.at(-1)?.eventId ?? this.last);
    const hasMore = this.token !== null && this.last < this.known;
    this.begun = hasMore ? growth : null;
    return hasMore || (this.token !== null && events.length === 0) ? null : growth;
  }

  private async growthOf(events: readonly HistoryEvent[]): Promise<Growth> {
    const startedChildren: StartedChild[] = [];
    const completedActivities: CompletedActivity[] = [];
    let hasMessage = false;
    let onlySignals: string[] | null = [];
    for (const event of events) {
      const eventType = Number(event.eventType);
      if (TASK_EVENTS.includes(eventType)) this.settled = eventType === TASK_COMPLETED;
      if (eventType === SIGNALED || eventType === UPDATE_ACCEPTED) hasMessage = true;
      const { signalName } = event.workflowExecutionSignaledEventAttributes ?? {};
      if (typeof signalName === 'string') onlySignals?.push(signalName);
      else if (!WITHOUT_CHANGE.includes(eventType)) onlySignals = null;
      const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
      if (child) startedChildren.push({ type: child.workflowType?.name ?? '', input: await this.firstOf(child.input) });
      const ended = this.activities.completedBy(event);
      if (ended && !this.isOutOfDate)
        completedActivities.push({ type: ended.type, result: await this.firstOf(ended.result) });
    }
    return { settled: this.settled, hasMessage, startedChildren, completedActivities, onlySignals };
  }

  /** The first of the values; null if it can't be decoded. */
  private async firstOf(values: Payloads): Promise<unknown> {
    const { loadedDataConverter } = this.client.options;
    const decoded = await decodeArrayFromPayloads(loadedDataConverter, values?.payloads).catch(() => []);
    return decoded[0] ?? null;
  }
}

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
