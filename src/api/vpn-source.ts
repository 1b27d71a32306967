import { defaultPayloadConverter } from '@temporalio/common';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import { CurrentRun } from './current-run';
import { pauseUntil } from '../pause';
import type { ObserveProgress } from '../activities/observe';
import type { ListedEngine } from '../domain/engine';
import { vpnWorkflowId } from '../domain/names';
import type { Replacement } from '../domain/replacement';
import type { Stream, StreamEvent } from '../domain/stream';
import { temporalFailure } from '../temporal/failure-words';
import { NOT_BEGUN } from '../temporal/client';
import { ASK_AGAIN } from '../workflows/ahead-of-history';
import type { BreakerKind } from '../workflows/breaker';
import {
  collectGarbageSignal,
  listsQuery,
  newsQuery,
  provisionEngineUpdate,
  recheckSignal,
  removeEngineUpdate,
  replaceEngineSignal,
  replaceEngineUpdate,
  resetBreakerSignal,
  stateQuery,
  streamsSignal,
  type HiddenEngine,
  type NewsAnswer,
  type ProvisionRequest,
  type ReplaceRequest,
  type Versioned,
  type VpnReport,
} from '../workflows/messages';

/** `version` names the content; two with one version are the same. */
export interface EngineList {
  readonly version: string;
  readonly engines: readonly ListedEngine[];
}

export interface VpnLists {
  readonly engines: EngineList & { readonly hidden: readonly HiddenEngine[] };
  readonly streams: { readonly version: string; readonly streams: readonly Stream[] };
}

/** What the API wants of one VPN's workflow. Tests put their own in its place. */
export interface VpnSource {
  readonly vpn: string;
  /** @throws when the workflow does not answer in time, or has no list yet */
  lists(previous: VpnLists | null): Promise<VpnLists>;
  /** Names where the workflow's history ends now. @throws when the server does not answer in time */
  position(): Promise<string>;
  /** Resolves once the server has written them down. @throws when it has not */
  tellStreams(events: readonly StreamEvent[]): Promise<void>;
  news(): Promise<NewsAnswer>;
  state(): Promise<VpnReport>;
  /** What the observe at work says between two observations; null when none is. */
  progress(): Promise<ObserveProgress | null>;
  recheck(): Promise<void>;
  /** @throws the update's own error when it was refused, a deadline's when no worker has taken it */
  replace(request: ReplaceRequest, updateId: string): Promise<Replacement>;
  /** For a worker that comes later; resolves once the server has written it down. @throws when it has not */
  replaceLater(request: ReplaceRequest): Promise<void>;
  resetBreaker(kind: BreakerKind | null): Promise<void>;
  /** As `replace`; resolves with the replacement that brings the engine up. */
  provision(request: ProvisionRequest, updateId: string): Promise<Replacement>;
  remove(engine: string): Promise<Replacement>;
  collectGarbage(): Promise<void>;
}

export interface TemporalVpnSourceOptions {
  readonly instance: string;
  readonly vpn: string;
  readonly queryDeadlineMs: number;
}

const ASK_AGAIN_MS = 20;
/** Who has to wait longer might as well ask the workflow. */
const POSITION_DEADLINE_MS = 100;
/** The whole state is for people and dashboards, who would rather wait for a busy worker than be refused. */
const STATE_DEADLINE_MS = 2_000;
/** Longer than a busy worker takes, shorter than a client's patience. */
const UPDATE_DEADLINE_MS = 2_000;

export class TemporalVpnSource implements VpnSource {
  readonly vpn: string;
  private readonly workflowId: string;
  private readonly run: CurrentRun;

  constructor(
    private readonly client: Client,
    private readonly options: TemporalVpnSourceOptions,
  ) {
    this.vpn = options.vpn;
    this.workflowId = vpnWorkflowId(options.instance, options.vpn);
    this.run = new CurrentRun(client, this.workflowId);
  }

  async lists(previous: VpnLists | null): Promise<VpnLists> {
    const { engines, streams } = await this.query(this.options.queryDeadlineMs, (run) =>
      this.handle(run).query(listsQuery, {
        engines: previous?.engines.version ?? null,
        streams: previous?.streams.version ?? null,
      }),
    );
    return {
      engines: current(previous?.engines, engines, ({ listed, hidden }) => {
        if (listed === null) throw new Error(`VPN '${this.vpn}' has not been looked at yet`);
        return { engines: listed, hidden };
      }),
      streams: current(previous?.streams, streams, (value) => ({ streams: value })),
    };
  }

  async position(): Promise<string> {
    const { workflowExecutionInfo } = await this.within(POSITION_DEADLINE_MS, () => this.run.describe());
    const { execution, historyLength } = workflowExecutionInfo ?? {};
    if (!execution?.runId || !historyLength) throw new Error('the server does not say where the history ends');
    return `${execution.runId}@${String(historyLength)}`;
  }

  async tellStreams(events: readonly StreamEvent[]): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(streamsSignal, events));
  }

  news(): Promise<NewsAnswer> {
    return this.query(this.options.queryDeadlineMs, (run) => this.handle(run).query(newsQuery));
  }

  state(): Promise<VpnReport> {
    return this.query(STATE_DEADLINE_MS, (run) => this.handle(run).query(stateQuery));
  }

  async progress(): Promise<ObserveProgress | null> {
    const { pendingActivities } = await this.within(this.options.queryDeadlineMs, () => this.run.describe());
    const beating = (pendingActivities ?? [])
      .filter((a) => a.activityType?.name === 'observe' && a.heartbeatDetails?.payloads?.[0])
      .toSorted((a, b) => Number(a.lastHeartbeatTime?.seconds ?? 0) - Number(b.lastHeartbeatTime?.seconds ?? 0));
    const payload = beating.at(-1)?.heartbeatDetails?.payloads?.[0];
    return payload ? defaultPayloadConverter.fromPayload<ObserveProgress>(payload) : null;
  }

  async recheck(): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(recheckSignal));
  }

  async replace(request: ReplaceRequest, updateId: string): Promise<Replacement> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(replaceEngineUpdate, { args: [request], updateId }),
    );
  }

  async replaceLater(request: ReplaceRequest): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(replaceEngineSignal, request));
  }

  async resetBreaker(kind: BreakerKind | null): Promise<void> {
    await this.within(UPDATE_DEADLINE_MS, () => this.handle().signal(resetBreakerSignal, kind));
  }

  async provision(request: ProvisionRequest, updateId: string): Promise<Replacement> {
    return this.within(UPDATE_DEADLINE_MS, () =>
      this.handle().executeUpdate(provisionEngineUpdate, { args: [request], updateId }),
    );
  }

  async remove(engine: string): Promise<Replacement> {
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
  private async query<T>(deadlineMs: number, ask: (runId: string | undefined) => Promise<T>): Promise<T> {
    const end = performance.now() + deadlineMs;
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
