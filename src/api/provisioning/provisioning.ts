import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { DeadlineExceeded, withDeadline } from '../../lib/deadline';
import type { Port } from '../../domain/engine';
import type { PublicReplacement } from '../../domain/replacement';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { seal, type SealingKey } from '../../secrets/seal';
import type { ProvisionRequest } from '../../workflows/vpn/messages';
import { announcedEngine, failure, provisioned, refused, type ProvisioningOutcome } from './outcome';
import { decideProvisioning, type PoolLimits, type VpnCandidate } from './decision';
import { acceptsAnyEngine, repeatedProvisioning, nextRequestId, requestIdPrefix, type EngineOrder } from './request';
import { decideForAnyEngine } from './under-way';
import type { VpnFollower } from '../reads/vpn-follower';

/** Proxies give up after 3 s and repeat the request, up to three times in all. So every answer has to come before that. */
const STATUS_WITHIN_MS = 1_000;
const ANSWER_WHILE_BOOTING_AFTER_MS = 2_000;
const GIVE_UP_AFTER_MS = 2_600;
/** Changes of the VPN wake the wait. This covers what changes with time alone. */
const CHECK_EVERY_MS = 500;
/** How long a requested engine counts although no status shows it: the update may still be on its way. */
const PENDING_FOR_MS = 25_000;

export interface ProvisioningOptions {
  readonly limits: PoolLimits;
  /** See `src/secrets/sealing-key.ts`. */
  readonly sealingKey: () => Promise<SealingKey>;
  readonly log: Pick<FastifyBaseLogger, 'error'>;
}

/** A request that this process has sent to a VPN's workflow, and that may not be in the VPN's status yet. */
interface PendingRequest {
  readonly vpn: string;
  readonly request: ProvisionRequest;
  /** On monotonic time, as is `shownAt`. */
  readonly at: number;
  /** When a status first showed it. Other requests may still decide by a status from before. */
  shownAt: number | null;
}

/** The VPN's workflow has refused the request: its state has changed since the status was read. */
interface Declined {
  readonly kind: 'declined';
  readonly message: string;
}

/** @throws DeadlineExceeded */
function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  return withDeadline(ms, new AbortController().signal, work);
}

/** Brings up engines on request: chooses a VPN, sends an update to its workflow, and answers before the caller gives up. */
export class Provisioning {
  /** By the prefix of their request ids, which is the same for equal orders. */
  private readonly pending = new Map<string, PendingRequest>();

  constructor(
    private readonly followers: readonly VpnFollower[],
    private readonly options: ProvisioningOptions,
  ) {}

  async provision(order: EngineOrder, from: number = performance.now()): Promise<ProvisioningOutcome> {
    let key: SealingKey | null = null;
    try {
      if (Object.keys(order.env).length > 0) key = await this.options.sealingKey();
    } catch (error) {
      this.options.log.error(`An engine with an environment is refused: ${String(error)}`);
      return refused(500, failure('the key that seals environments can not be read; see the log', false));
    }
    const prefix = requestIdPrefix(order, key);
    const views = await this.views();
    // No `await` from here to `pending.set`, so that two requests can't both take the last place.
    const candidates = this.candidates(views);
    const now = Date.now();
    const met = repeatedProvisioning(candidates, prefix, now);
    if (met) return this.answer(met.vpn, met.replacement, from);
    const own = this.pending.get(prefix);
    if (own && own.shownAt === null) {
      const outcome = await this.request(prefix, own, from);
      // The chosen VPN can't take the engine any more, but another one may.
      return outcome.kind === 'declined' ? this.provision(order, from) : outcome;
    }
    const { limits } = this.options;
    const decision = acceptsAnyEngine(order)
      ? decideForAnyEngine(candidates, limits, now)
      : decideProvisioning(candidates, limits, order.httpPort, now);
    if (decision.kind === 'under way') return this.answer(decision.vpn, decision.replacement, from);
    if (decision.kind === 'blocked') return refused(503, decision.reason);
    if (decision.kind === 'no such port') {
      const ranges = decision.ranges.map(({ first, last }) => `${first}-${last}`).join(', ');
      return { kind: 'invalid', detail: `body/host_port: expected one of ${ranges}, found ${order.httpPort}` };
    }
    const view = candidates.find((f) => f.vpn === decision.vpn)?.view;
    if (!view) throw new TypeError(`VPN '${decision.vpn}' was chosen without a status`);
    const { labels, env, httpPort } = order;
    const pending: PendingRequest = {
      vpn: decision.vpn,
      request: {
        requestId: nextRequestId(prefix, view),
        labels,
        sealedEnv: key && seal(env, key),
        httpPort,
      },
      at: performance.now(),
      shownAt: null,
    };
    this.pending.set(prefix, pending);
    const outcome = await this.request(prefix, pending, from);
    return outcome.kind === 'declined' ? this.declined(httpPort, outcome.message) : outcome;
  }

  /** Every VPN as a candidate, with the pending requests of this process. */
  private candidates(views: readonly (VpnStatusView | null)[]): VpnCandidate[] {
    const lastViews = this.followers.map((follower, i) => views[i] ?? follower.status.last);
    const now = performance.now();
    // Only a current status sets `shownAt`. While the workflow does not answer, a repeat of the request is sent to it again.
    const [shownNow, shown] = [requestIds(views), requestIds(lastViews)];
    for (const [prefix, pending] of this.pending) {
      if (shownNow.has(pending.request.requestId)) pending.shownAt ??= now;
      const isOver = pending.shownAt !== null && now - pending.shownAt > 2 * STATUS_WITHIN_MS;
      if (isOver || now - pending.at >= PENDING_FOR_MS) this.pending.delete(prefix);
    }
    const notShown = [...this.pending.values()].filter((p) => !shown.has(p.request.requestId));
    return this.followers.map(({ vpn }, i) => ({
      vpn,
      view: views[i] ?? null,
      lastView: lastViews[i] ?? null,
      requestedPorts: notShown.filter((p) => p.vpn === vpn).map((p) => p.request.httpPort),
    }));
  }

  /** The status of every VPN; null for one that has not answered within 1 s. If none has answered, a busy worker gets another second. */
  private async views(): Promise<(VpnStatusView | null)[]> {
    const ask = () => Promise.all(this.followers.map((follower) => follower.status.present(STATUS_WITHIN_MS)));
    const views = await ask();
    return views.some((view) => view !== null) ? views : ask();
  }

  private async request(
    prefix: string,
    { vpn, request }: PendingRequest,
    from: number,
  ): Promise<ProvisioningOutcome | Declined> {
    const source = this.followers.find((f) => f.vpn === vpn)?.source;
    if (!source) throw new TypeError(`VPN '${vpn}' was chosen but is not configured`);
    let replacement: PublicReplacement;
    try {
      const left = GIVE_UP_AFTER_MS - (performance.now() - from);
      replacement = await within(left, () => source.provision(request));
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) {
        this.pending.delete(prefix);
        return { kind: 'declined', message: error.cause?.message ?? error.message };
      }
      if (error instanceof WorkflowNotFoundError) {
        this.pending.delete(prefix);
        return refused(503, failure(`the workflow of VPN '${vpn}' does not exist yet`, true));
      }
      // The workflow may have taken the update, so the request stays pending: a repeat sends the same one.
      const lost =
        error instanceof DeadlineExceeded ||
        error instanceof ServiceError ||
        error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
      if (!lost) throw error;
      return refused(503, failure(`no worker has taken the request for VPN '${vpn}' yet`, true));
    }
    return this.answer(vpn, replacement, from);
  }

  /** The answer to a request that the workflow has declined: a new decision may give the reason, otherwise it is the workflow's message. */
  private async declined(httpPort: Port | null, message: string): Promise<ProvisioningOutcome> {
    const decision = decideProvisioning(this.candidates(await this.views()), this.options.limits, httpPort, Date.now());
    if (decision.kind === 'blocked') return refused(503, decision.reason);
    return refused(500, failure(message, false));
  }

  /** Waits until the engine answers, or until the time is up. */
  private async answer(vpn: string, started: PublicReplacement, from: number): Promise<ProvisioningOutcome> {
    const follower = this.followers.find((f) => f.vpn === vpn);
    let replacement = started;
    let growths = follower?.history.growths ?? 0;
    for (;;) {
      const passed = performance.now() - from;
      const engine = provisioned(replacement);
      if (engine && (replacement.readyAt !== null || passed >= ANSWER_WHILE_BOOTING_AFTER_MS)) {
        return { kind: 'engine', engine };
      }
      if (replacement.target === null) {
        return refused(500, failure(replacement.lastError ?? 'the engine was removed while it was booting', false));
      }
      if (replacement.state !== 'running' && replacement.readyAt === null) {
        return refused(500, failure('the workflow that brings up the engine was terminated', false));
      }
      if (passed >= GIVE_UP_AFTER_MS || follower === undefined || follower.isStopped) {
        const announced = announcedEngine(vpn, replacement);
        if (announced) return { kind: 'engine', engine: announced };
        const error = replacement.lastError ?? "the engine's container does not exist yet";
        return refused(503, failure(`${error}; Portward goes on trying, repeat the request`, true));
      }
      const due = engine ? ANSWER_WHILE_BOOTING_AFTER_MS : GIVE_UP_AFTER_MS;
      await follower.history.grownSince(growths, Math.min(CHECK_EVERY_MS, due - passed));
      growths = follower.history.growths;
      const left = GIVE_UP_AFTER_MS - (performance.now() - from);
      const view = left > 0 ? await follower.status.present(left) : null;
      replacement = view?.replacements.find((r) => r.id === started.id) ?? replacement;
    }
  }
}

function requestIds(views: readonly (VpnStatusView | null)[]): Set<string | null> {
  return new Set(views.flatMap((view) => view?.replacements.map((r) => r.requestId) ?? []));
}
