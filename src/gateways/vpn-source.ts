import { decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import { CurrentRun } from './current-run';
import { pauseUntil } from '../lib/pause';
import type { ObserveProgress } from '../activities/observe/observe';
import type { BreakerKind } from '../domain/vpn/breaker';
import type { ListedEngine } from '../domain/engine';
import type { HiddenEngine, Versioned } from '../domain/vpn/listing';
import { vpnWorkflowId } from '../domain/names';
import type { NewsAnswer } from '../domain/news';
import type { ReplacementFacts } from '../domain/replacement';
import type { Stream, StreamEvent } from '../domain/streams/stream';
import type { VpnStatusView } from '../domain/vpn/status-view';
import { temporalFailure } from '../temporal/failure-words';
import { followHistory, type GrowthListener } from './history-growth';
import { NOT_BEGUN } from '../temporal/client';
import {
  ASK_AGAIN,
  collectGarbageSignal,
  listsQuery,
  newsQuery,
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

/** `version` names the content; two with one version are the same. */
export interface EngineList {
  readonly version: string;
  readonly engines: readonly ListedEngine[];
}

export interface VpnLists {
  readonly engines: EngineList & {
    readonly hidden: readonly HiddenEngine[];
    /** False: of before the worker's start, and not looked at since. */
    readonly current: boolean;
    /** See `EngineLists`. */
    readonly replacesOnMove?: boolean;
  };
  readonly streams: { readonly version: string; readonly streams: readonly Stream[] };
}

/** What the API wants of one VPN's workflow. Tests put their own in its place. */
export interface VpnSource {
  readonly vpn: string;
  /** Follows the workflow's history until `signal` is aborted. */
  follow(listener: GrowthListener, signal: AbortSignal): Promise<void>;
  /** `previous` itself when nothing has changed; null before the first look at the VPN. @throws when the workflow does not answer in time */
  lists(previous: VpnLists | null): Promise<VpnLists | null>;
  /** Resolves once the server has written them down. @throws when it has not */
  tellStreams(events: readonly StreamEvent[]): Promise<void>;
  news(): Promise<NewsAnswer>;
  status(): Promise<VpnStatusView>;
  /** What the observe at work says between two observations; null when none is. */
  progress(): Promise<ObserveProgress | null>;
  recheck(): Promise<void>;
  /**
   * A repeated request is known by its id, by which the workflow has one replacement for it; one that was refused is decided on anew.
   * @throws the update's own error when it was refused, a deadline's when no worker has taken it
   */
  replace(request: ReplaceRequest): Promise<ReplacementFacts>;
  /** For a worker that comes later; resolves once the server has written it down. @throws when it has not */
  replaceLater(request: ReplaceRequest): Promise<void>;
  resetBreaker(kind: BreakerKind | null): Promise<void>;
  /** As `replace`; resolves with the replacement that brings the engine up. */
  provision(request: ProvisionRequest): Promise<ReplacementFacts>;
  remove(engine: string): Promise<ReplacementFacts>;
  collectGarbage(): Promise<void>;
}

export interface TemporalVpnSourceOptions {
  readonly instance: string;
  readonly vpn: string;
}

const ASK_AGAIN_MS = 20;
/** Longer than a busy worker takes. A question that was lost is asked again then. */
const QUERY_DEADLINE_MS = 2_000;
/** Longer than a busy worker takes, shorter than a client's patience. */
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

  news(): Promise<NewsAnswer> {
    return this.query((run) => this.handle(run).query(newsQuery));
  }

  status(): Promise<VpnStatusView> {
    return this.query((run) => this.handle(run).query(statusQuery));
  }

  async progress(): Promise<ObserveProgress | null> {
    const { pendingActivities } = await this.within(QUERY_DEADLINE_MS, () => this.run.describe());
    const beating = (pendingActivities ?? [])
      .filter((a) => a.activityType?.name === 'observe' && a.heartbeatDetails?.payloads?.[0])
      .toSorted((a, b) => Number(a.lastHeartbeatTime?.seconds ?? 0) - Number(b.lastHeartbeatTime?.seconds ?? 0));
    const payload = beating.at(-1)?.heartbeatDetails?.payloads?.[0];
    // As the client reads all else, with the codec that it may have.
    const { loadedDataConverter } = this.client.options;
    return (await decodeOptionalSinglePayload<ObserveProgress>(loadedDataConverter, payload)) ?? null;
  }

  async recheck(): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(recheckSignal));
  }

  async replace(request: ReplaceRequest): Promise<ReplacementFacts> {
    return this.within(UPDATE_DEADLINE_MS, () => this.handle().executeUpdate(replaceEngineUpdate, { args: [request] }));
  }

  async replaceLater(request: ReplaceRequest): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(replaceEngineSignal, request));
  }

  async resetBreaker(kind: BreakerKind | null): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(resetBreakerSignal, kind));
  }

  async provision(request: ProvisionRequest): Promise<ReplacementFacts> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(provisionEngineUpdate, { args: [request] }),
    );
  }

  async remove(engine: string): Promise<ReplacementFacts> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(removeEngineUpdate, { args: [{ engine }] }),
    );
  }

  async collectGarbage(): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(collectGarbageSignal));
  }

  /**
   * Temporal drops a query that meets the end of a workflow task, and asks to send it again; so does a workflow that has
   * just moved to another worker. While a workflow task runs, Temporal keeps only few queries of a workflow for its end.
   */
  private async query<T>(ask: (runId: string | undefined) => Promise<T>): Promise<T> {
    const end = performance.now() + QUERY_DEADLINE_MS;
    for (;;) {
      try {
        // A deadline is a time of day, which may be set between two attempts.
        return await this.within(end - performance.now(), () => this.run.ask(ask));
      } catch (error) {
        const patient = performance.now() + ASK_AGAIN_MS < end;
        if (!isToBeAskedAgain(error) || !patient) throw new Error(temporalFailure(error), { cause: error });
      }
      await pauseUntil(ASK_AGAIN_MS);
    }
  }

  private handle(runId?: string) {
    return this.client.workflow.getHandle(this.workflowId, runId);
  }

  private within<T>(ms: number, request: () => Promise<T>): Promise<T> {
    return this.client.connection.withDeadline(Date.now() + ms, request);
  }
}

/** What is so now: the part that the caller has, where the workflow says that it has not changed. */
function current<T, P extends { readonly version: string }>(
  previous: P | undefined,
  answer: Versioned<T>,
  part: (value: T) => Omit<P, 'version'>,
): P | (Omit<P, 'version'> & { readonly version: string }) {
  if (!answer.unchanged) return { version: answer.version, ...part(answer.value) };
  if (previous?.version === answer.version) return previous;
  throw new Error('the VPN workflow says unchanged of a list that is not the last one');
}

/** gRPC's numbers for a server that asks to be asked again, and for one that has too many questions waiting. */
const ASK_LATER: readonly string[] = ['14', '8'];

function isToBeAskedAgain(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError) return error.message.includes(ASK_AGAIN);
  if (error instanceof Error && error.message === NOT_BEGUN) return true;
  const cause = error instanceof ServiceError ? error.cause : null;
  return cause !== null && isGrpcServiceError(cause) && ASK_LATER.includes(String(cause.code));
}
