import { defaultPayloadConverter } from '@temporalio/common';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, type Client } from '@temporalio/client';
import { pauseUntil } from '../pause';
import type { ObserveProgress } from '../activities/observe';
import type { ListedEngine } from '../domain/engine';
import { vpnWorkflowId } from '../domain/names';
import type { Replacement } from '../domain/replacement';
import { ASK_AGAIN } from '../workflows/ahead-of-history';
import type { BreakerKind } from '../workflows/breaker';
import {
  enginesQuery,
  recheckSignal,
  replaceEngineSignal,
  replaceEngineUpdate,
  resetBreakerSignal,
  stateQuery,
  type ReplaceRequest,
  type VpnReport,
} from '../workflows/messages';

export interface EngineList {
  /** Names this content; two lists with one version are the same. */
  readonly version: string;
  readonly engines: readonly ListedEngine[];
}

/** What the API wants of one VPN's workflow. Tests put their own in its place. */
export interface VpnSource {
  readonly vpn: string;
  /** @throws when the workflow does not answer in time, or has no list yet */
  engines(previous: EngineList | null): Promise<EngineList>;
  state(): Promise<VpnReport>;
  /** What the observe at work says between two observations; null when none is. */
  progress(): Promise<ObserveProgress | null>;
  recheck(): Promise<void>;
  /** @throws the update's own error when it was refused, a deadline's when no worker has taken it */
  replace(request: ReplaceRequest, updateId: string): Promise<Replacement>;
  /** For a worker that comes later; resolves once the server has written it down. @throws when it has not */
  replaceLater(request: ReplaceRequest): Promise<void>;
  resetBreaker(kind: BreakerKind | null): Promise<void>;
}

export interface TemporalVpnSourceOptions {
  readonly instance: string;
  readonly vpn: string;
  readonly queryDeadlineMs: number;
}

const ASK_AGAIN_MS = 20;
/** The whole state is for people and dashboards, who would rather wait for a busy worker than be refused. */
const STATE_DEADLINE_MS = 2_000;
/** Longer than a busy worker takes, shorter than a client's patience. */
const UPDATE_DEADLINE_MS = 2_000;

export class TemporalVpnSource implements VpnSource {
  readonly vpn: string;

  constructor(
    private readonly client: Client,
    private readonly options: TemporalVpnSourceOptions,
  ) {
    this.vpn = options.vpn;
  }

  async engines(previous: EngineList | null): Promise<EngineList> {
    const answer = await this.query(this.options.queryDeadlineMs, () =>
      this.handle().query(enginesQuery, previous?.version ?? null),
    );
    if (answer.unchanged) {
      if (previous?.version === answer.version) return previous;
      throw new Error('the VPN workflow says unchanged of a list that is not the last one');
    }
    if (answer.engines === null) throw new Error(`VPN '${this.vpn}' has not been looked at yet`);
    return { version: answer.version, engines: answer.engines };
  }

  state(): Promise<VpnReport> {
    return this.query(STATE_DEADLINE_MS, () => this.handle().query(stateQuery));
  }

  async progress(): Promise<ObserveProgress | null> {
    const { raw } = await this.within(this.options.queryDeadlineMs, () => this.handle().describe());
    const beating = (raw.pendingActivities ?? [])
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

  /**
   * Temporal drops a query that meets the end of a workflow task, and asks to send it again; so does a workflow that has
   * just moved to another worker. While a workflow task runs, Temporal keeps only few queries of a workflow for its end.
   */
  private async query<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      try {
        // A deadline is a time of day, which may be set between two attempts.
        return await this.within(end - performance.now(), ask);
      } catch (error) {
        const patient = performance.now() + ASK_AGAIN_MS < end;
        if (!isToBeAskedAgain(error) || !patient) throw new Error(reasonOf(error), { cause: error });
      }
      await pauseUntil(ASK_AGAIN_MS);
    }
  }

  private handle() {
    return this.client.workflow.getHandle(vpnWorkflowId(this.options.instance, this.vpn));
  }

  private within<T>(ms: number, request: () => Promise<T>): Promise<T> {
    return this.client.connection.withDeadline(Date.now() + ms, request);
  }
}

/** gRPC's numbers for a server that asks to be asked again, and for one that has too many questions waiting. */
const ASK_LATER: readonly string[] = ['14', '8'];

/** What the server said, which the client wraps into 'Failed to query Workflow'. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof ServiceError && error.cause ? `${message}: ${error.cause.message}` : message;
}

function isToBeAskedAgain(error: unknown): boolean {
  if (error instanceof QueryNotRegisteredError) return error.message.includes(ASK_AGAIN);
  const cause = error instanceof ServiceError ? error.cause : null;
  return cause !== null && isGrpcServiceError(cause) && ASK_LATER.includes(String(cause.code));
}
