import { decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import { CurrentRun } from './current-run';
import { pauseUntil } from '../lib/pause';
import type { ObserveProgress } from '../activities/observe/observe';
import type { BreakerKind } from '../domain/vpn/breaker';
import type { ListedEngine } from '../domain/engine';
import type { HiddenEngine, Versioned } from '../domain/vpn/listing';
import { vpnWorkflowId } from '../domain/names';
import type { EventLog } from '../domain/event-log';
import type { PublicReplacement } from '../domain/replacement';
import type { Stream, StreamEvent } from '../domain/streams/stream';
import type { VpnStatusView } from '../domain/vpn/status-view';
import { temporalFailure } from '../temporal/failure-words';
import { followHistory, type GrowthListener } from './history-follower';
import { WORKER_STARTING } from '../temporal/client';
import {
  ASK_AGAIN,
  collectGarbageSignal,
  listsQuery,
  eventLogQuery,
  provisionEngineUpdate,
  recheckSignal,
  removeEngineUpdate,
  replaceEngineSignal,
  replaceEngineUpdate,
  resetBreakerSignal,
  statusQuery,
  streamsSignal,
  type ProvisionRequest,
  type ReplaceRequest,
} from '../workflows/vpn/messages';

/** Lists with the same `version` have the same content. */
export interface EngineList {
  readonly version: string;
  readonly engines: readonly ListedEngine[];
}

export interface VpnLists {
  readonly engines: EngineList & {
    readonly hidden: readonly HiddenEngine[];
    /** False: the list is from before the worker's start, and there was no snapshot since. */
    readonly current: boolean;
    /** See `EnginesView`. */
    readonly replacesOnMove?: boolean;
  };
  readonly streams: { readonly version: string; readonly streams: readonly Stream[] };
}

/** The API's access to one VPN's workflow. Tests replace it. */
export interface VpnSource {
  readonly vpn: string;
  /** Follows the workflow's history until `signal` is aborted. */
  follow(listener: GrowthListener, signal: AbortSignal): Promise<void>;
  /**
   * Queries the lists. Returns `previous` itself when nothing has changed, and null before the first snapshot of the VPN.
   * @throws when the workflow does not answer in time
   */
  lists(previous: VpnLists | null): Promise<VpnLists | null>;
  /** Signals events of streams. Resolves once the server has stored the signal. @throws when it has not */
  tellStreams(events: readonly StreamEvent[]): Promise<void>;
  events(): Promise<EventLog>;
  status(): Promise<VpnStatusView>;
  /** The heartbeat of the running `observe` activity; null when none runs. */
  progress(): Promise<ObserveProgress | null>;
  recheck(): Promise<void>;
  /**
   * A repeated request has the same id, and gets the replacement of the first one. A request that was refused is decided anew.
   * @throws the update's error when it was refused; a deadline error when no worker has taken the update
   */
  replace(request: ReplaceRequest): Promise<PublicReplacement>;
  /** Signals the request, for a worker that starts later. Resolves once the server has stored the signal. @throws when it has not */
  replaceLater(request: ReplaceRequest): Promise<void>;
  /** @param kind null: both breakers */
  resetBreaker(kind: BreakerKind | null): Promise<void>;
  /** Like `replace`. Resolves with the replacement that brings the engine up. */
  provision(request: ProvisionRequest): Promise<PublicReplacement>;
  remove(engine: string): Promise<PublicReplacement>;
  collectGarbage(): Promise<void>;
}

export interface TemporalVpnSourceOptions {
  readonly instance: string;
  readonly vpn: string;
}

const RETRY_MS = 20;
/** Longer than a busy worker takes. After it, a lost query can be asked again. */
const QUERY_DEADLINE_MS = 2_000;
/** Longer than a busy worker takes, and shorter than the 3 s that clients wait. */
const UPDATE_DEADLINE_MS = 2_000;

export class TemporalVpnSource implements VpnSource {
  readonly vpn: string;
  private readonly workflowId: string;
  private readonly run: CurrentRun;

  constructor(
    private readonly client: Client,
    { instance, vpn }: TemporalVpnSourceOptions,
  ) {
    this.vpn = vpn;
    this.workflowId = vpnWorkflowId(instance, vpn);
    this.run = new CurrentRun(client, this.workflowId);
  }

  follow(listener: GrowthListener, signal: AbortSignal): Promise<void> {
    return followHistory(this.client, this.workflowId, listener, signal);
  }

  async lists(previous: VpnLists | null): Promise<VpnLists | null> {
    const since = { engines: previous?.engines.version ?? null, streams: previous?.streams.version ?? null };
    const answer = await this.query((run) => this.handle(run).query(listsQuery, since));
    if (previous && answer.engines.unchanged && answer.streams.unchanged) return previous;
    if (!answer.engines.unchanged && answer.engines.value.listed === null) return null;
    return {
      engines: current(previous?.engines, answer.engines, ({ listed, ...more }) => ({
        engines: listed ?? [],
        ...more,
      })),
      streams: current(previous?.streams, answer.streams, (value) => ({ streams: value })),
    };
  }

  async tellStreams(events: readonly StreamEvent[]): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(streamsSignal, events));
  }

  events(): Promise<EventLog> {
    return this.query((run) => this.handle(run).query(eventLogQuery));
  }

  status(): Promise<VpnStatusView> {
    return this.query((run) => this.handle(run).query(statusQuery));
  }

  async progress(): Promise<ObserveProgress | null> {
    const { pendingActivities } = await this.within(QUERY_DEADLINE_MS, () => this.run.describe());
    const withHeartbeat = (pendingActivities ?? [])
      .filter((a) => a.activityType?.name === 'observe' && a.heartbeatDetails?.payloads?.[0])
      .toSorted((a, b) => Number(a.lastHeartbeatTime?.seconds ?? 0) - Number(b.lastHeartbeatTime?.seconds ?? 0));
    const payload = withHeartbeat.at(-1)?.heartbeatDetails?.payloads?.[0];
    // The client's own converter, because it may have a payload codec.
    const { loadedDataConverter } = this.client.options;
    return (await decodeOptionalSinglePayload<ObserveProgress>(loadedDataConverter, payload)) ?? null;
  }

  async recheck(): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(recheckSignal));
  }

  async replace(request: ReplaceRequest): Promise<PublicReplacement> {
    return this.within(UPDATE_DEADLINE_MS, () => this.handle().executeUpdate(replaceEngineUpdate, { args: [request] }));
  }

  async replaceLater(request: ReplaceRequest): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(replaceEngineSignal, request));
  }

  async resetBreaker(kind: BreakerKind | null): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(resetBreakerSignal, kind));
  }

  async provision(request: ProvisionRequest): Promise<PublicReplacement> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(provisionEngineUpdate, { args: [request] }),
    );
  }

  async remove(engine: string): Promise<PublicReplacement> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(removeEngineUpdate, { args: [{ engine }] }),
    );
  }

  async collectGarbage(): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(collectGarbageSignal));
  }

  /**
   * Retries a query until its deadline. Temporal rejects a query that arrives at the end of a workflow task, and one that exceeds
   * the few that it keeps until the end of a running task. A workflow that has just moved to another worker rejects queries, too.
   */
  private async query<T>(ask: (runId: string | undefined) => Promise<T>): Promise<T> {
    const end = performance.now() + QUERY_DEADLINE_MS;
    for (;;) {
      try {
        // gRPC deadlines are wall-clock times. The wall clock may be set between two attempts, so the rest is measured anew.
        return await this.within(end - performance.now(), () => this.run.ask(ask));
      } catch (error) {
        const isTimeLeft = performance.now() + RETRY_MS < end;
        if (!isRetryable(error) || !isTimeLeft) throw new Error(temporalFailure(error), { cause: error });
      }
      await pauseUntil(RETRY_MS);
    }
  }

  private handle(runId?: string) {
    return this.client.workflow.getHandle(this.workflowId, runId);
  }

  private within<T>(ms: number, request: () => Promise<T>): Promise<T> {
    return this.client.connection.withDeadline(Date.now() + ms, request);
  }
}

/** The current part of the lists: the caller's previous part, if the workflow says that it has not changed. */
function current<T, P extends { readonly version: string }>(
  previous: P | undefined,
  answer: Versioned<T>,
  part: (value: T) => Omit<P, 'version'>,
): P | (Omit<P, 'version'> & { readonly version: string }) {
  if (!answer.unchanged) return { version: answer.version, ...part(answer.value) };
  if (previous?.version === answer.version) return previous;
  throw new Error(`the VPN workflow answered 'unchanged' for version ${answer.version}, which was not asked for`);
}

/** gRPC status codes: UNAVAILABLE asks for a retry, RESOURCE_EXHAUSTED means that too many queries are waiting. */
const RETRYABLE: readonly string[] = ['14', '8'];

function isRetryable(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError) return error.message.includes(ASK_AGAIN);
  if (error instanceof Error && error.message === WORKER_STARTING) return true;
  const cause = error instanceof ServiceError ? error.cause : null;
  return cause !== null && isGrpcServiceError(cause) && RETRYABLE.includes(String(cause.code));
}
