import { isGrpcServiceError, type Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { pauseUntil } from '../pause';
import { askingTemporal } from './asking';

type History = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;

export interface GrowthListener {
  /**
   * The history has grown. While a workflow task is to be carried out (`settled` is false) the workflow's state is about to become another
   * one; a history that grows no more, and is settled, is that of a state that stays.
   */
  readonly grown: (settled: boolean) => void;
  /** The workflow has begun a child, with that input: what comes with it is in the history by now. */
  readonly begun: (child: { readonly type: string; readonly input: unknown }) => void;
  /** Why the history can't be followed now; null: it can be again. */
  readonly broken: (reason: unknown) => void;
}

/** Temporal's numbers of history events. */
const TASK_COMPLETED = 7;
const OF_TASKS: readonly number[] = [5, 6, TASK_COMPLETED, 8, 9];
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
  { grown, begun, broken }: GrowthListener,
  signal: AbortSignal,
): Promise<void> {
  let token: Uint8Array | null = null;
  let settled = false;
  let ended: string | null = null;
  while (!signal.aborted) {
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
    for (const event of events) {
      const { eventType, startChildWorkflowExecutionInitiatedEventAttributes: child } = event;
      if (OF_TASKS.includes(Number(eventType))) settled = Number(eventType) === TASK_COMPLETED;
      if (child) begun({ type: child.workflowType?.name ?? '', input: await inputOf(client, child.input) });
    }
    token = answer.nextPageToken?.length ? answer.nextPageToken : null;
    if (token !== null) {
      if (events.length > 0) grown(settled);
      if (!settled) await pauseUntil(TASK_TAKES_MS, signal);
      continue;
    }
    // The run has ended. The next one begins in that moment, or when somebody starts the workflow again.
    settled = false;
    const last = events.at(-1);
    const end = `${String(last?.eventId)} ${String(last?.eventTime?.seconds)} ${last?.eventTime?.nanos}`;
    if (end === ended) await pauseUntil(LOOK_AGAIN_MS, signal);
    else grown(false);
    ended = end;
  }
}

type Input = NonNullable<
  NonNullable<NonNullable<History['history']>['events']>[number]['startChildWorkflowExecutionInitiatedEventAttributes']
>['input'];

/** Null where it can't be read. */
async function inputOf({ options }: Client, input: Input): Promise<unknown> {
  const decoded = await decodeArrayFromPayloads(options.loadedDataConverter, input?.payloads).catch(() => []);
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
