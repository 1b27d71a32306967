import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { DeadlineExceeded, withDeadline } from '../../lib/deadline';
import type { Port } from '../../domain/engine';
import { comingName, type ReplacementFacts, type Target } from '../../domain/replacement';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { seal, type SealingKey } from '../../secrets/seal';
import type { ProvisionRequest } from '../../workflows/vpn/messages';
import { decideProvisioning, type PoolLimits, type VpnFacts } from './decision';
import { metByRepeat, nextRequestId, requestIdPrefix, wantsNoneInParticular, type EngineOrder } from './request';
import type { BlockedReasonJson, ProvisionedJson, RefusalJson } from '../schemas/provisioning';
import { decideForAnyEngine } from './under-way';
import type { VpnFollower } from '../reads/vpn-follower';

/** Proxies give up after 3 s and ask again, up to three times; they count nothing but an answer by then. */
const STATES_WITHIN_MS = 1_000;
const ANSWER_WHILE_BOOTING_AFTER_MS = 2_000;
const GIVE_UP_AFTER_MS = 2_600;
/** Nothing that is waited for goes unheard, but for what the passing of time changes. */
const LOOK_EVERY_MS = 500;
/** So long an engine that was asked for is counted although no state shows it: its update may still be on its way. */
const BEGUN_FOR_MS = 25_000;

export type ProvisioningOutcome =
  | { readonly kind: 'engine'; readonly engine: ProvisionedJson }
  /** `status` 503: not now, or not yet; 500: it was tried in vain. */
  | { readonly kind: 'refused'; readonly status: 500 | 503; readonly refusal: RefusalJson }
  | { readonly kind: 'invalid'; readonly detail: string };

export interface ProvisioningOptions {
  readonly limits: PoolLimits;
  /** See `src/secrets/sealing-key.ts`. */
  readonly sealingKey: () => Promise<SealingKey>;
  readonly log: Pick<FastifyBaseLogger, 'error'>;
}

/** An engine that this process has asked for, and that may not be in its VPN's state yet. */
interface Begun {
  readonly vpn: string;
  readonly request: ProvisionRequest;
  /** By this process's own clock, as `shownAt`. */
  readonly at: number;
  /** When a state was first seen to have it; requests that read theirs before that may still be deciding. */
  shownAt: number | null;
}

/** By the VPN's workflow, which knows better than its state said a moment ago. */
interface Declined {
  readonly kind: 'declined';
  readonly message: string;
}

/** @throws DeadlineExceeded */
function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  return withDeadline(ms, new AbortController().signal, work);
}

/** Brings up engines on request: decides where, asks the VPN's workflow, and answers while the caller still listens. */
export class Provisioning {
  /** By the beginning of their request ids, which equal requests share. */
  private readonly begun = new Map<string, Begun>();

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
      return refused(
        500,
        failure('the key that environments are sealed with can not be read; the log says why', false),
      );
    }
    const prefix = requestIdPrefix(order, key);
    const facts = await this.facts();
    // From here to `begun.set` nothing is awaited, so that two requests can't both take the last place.
    const now = Date.now();
    const met = metByRepeat(facts, prefix, now);
    if (met) return this.answer(met.vpn, met.replacement, from);
    const own = this.begun.get(prefix);
    if (own && own.shownAt === null) {
      const outcome = await this.ask(prefix, own, from);
      // What was true of that VPN then is not any more; another one may do.
      return outcome.kind === 'declined' ? this.provision(order, from) : outcome;
    }
    const { limits } = this.options;
    const decision = wantsNoneInParticular(order)
      ? decideForAnyEngine(facts, limits, now)
      : decideProvisioning(facts, limits, order.httpPort, now);
    if (decision.kind === 'under way') return this.answer(decision.vpn, decision.replacement, from);
    if (decision.kind === 'blocked') return refused(503, decision.reason);
    if (decision.kind === 'no such port') {
      const ranges = decision.ranges.map(({ first, last }) => `${first}-${last}`).join(', ');
      return { kind: 'invalid', detail: `body/host_port: expected one of ${ranges}, found ${order.httpPort}` };
    }
    const view = facts.find((f) => f.vpn === decision.vpn)?.view;
    if (!view) throw new TypeError(`nothing is known of ${decision.vpn}, which was chosen`);
    const { labels, env, httpPort } = order;
    const begun: Begun = {
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
    this.begun.set(prefix, begun);
    const outcome = await this.ask(prefix, begun, from);
    return outcome.kind === 'declined' ? this.declined(httpPort, outcome.message) : outcome;
  }

  /** What is known of every VPN, with what this process has begun and no state shows yet. */
  private async facts(): Promise<VpnFacts[]> {
    const views = await this.views();
    const lastViews = this.followers.map((follower, i) => views[i] ?? follower.lastStatus);
    const now = performance.now();
    // An answer of before says only that the VPN had it: who asks again meets it by asking the VPN again.
    const [shownNow, shown] = [requestIds(views), requestIds(lastViews)];
    for (const [prefix, begun] of this.begun) {
      if (shownNow.has(begun.request.requestId)) begun.shownAt ??= now;
      const isOver = begun.shownAt !== null && now - begun.shownAt > 2 * STATES_WITHIN_MS;
      if (isOver || now - begun.at >= BEGUN_FOR_MS) this.begun.delete(prefix);
    }
    const hidden = [...this.begun.values()].filter((b) => !shown.has(b.request.requestId));
    return this.followers.map(({ vpn }, i) => ({
      vpn,
      view: views[i] ?? null,
      lastView: lastViews[i] ?? null,
      begun: hidden.filter((b) => b.vpn === vpn).map((b) => b.request.httpPort),
    }));
  }

  /** Of every VPN: one that does not answer holds nobody up. Without any, a busy worker is given as long once more. */
  private async views(): Promise<(VpnStatusView | null)[]> {
    const ask = () => Promise.all(this.followers.map((follower) => follower.presentStatus(STATES_WITHIN_MS)));
    const views = await ask();
    return views.some((view) => view !== null) ? views : ask();
  }

  private async ask(prefix: string, { vpn, request }: Begun, from: number): Promise<ProvisioningOutcome | Declined> {
    const source = this.followers.find((f) => f.vpn === vpn)?.source;
    if (!source) throw new TypeError(`VPN '${vpn}' was chosen and is not configured`);
    let replacement: ReplacementFacts;
    try {
      const left = GIVE_UP_AFTER_MS - (performance.now() - from);
      replacement = await within(left, () => source.provision(request));
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) {
        this.begun.delete(prefix);
        return { kind: 'declined', message: error.cause?.message ?? error.message };
      }
      if (error instanceof WorkflowNotFoundError) {
        this.begun.delete(prefix);
        return refused(503, failure(`the workflow of VPN '${vpn}' is not there yet`, true));
      }
      // It may have been taken, so it stays begun: a repeat asks for the same one.
      const lost =
        error instanceof DeadlineExceeded ||
        error instanceof ServiceError ||
        error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
      if (!lost) throw error;
      return refused(503, failure(`no worker has taken it yet for VPN '${vpn}'`, true));
    }
    return this.answer(vpn, replacement, from);
  }

  /** Something has changed since the decision: if it says why by now, that is the answer. */
  private async declined(httpPort: Port | null, message: string): Promise<ProvisioningOutcome> {
    const decision = decideProvisioning(await this.facts(), this.options.limits, httpPort, Date.now());
    if (decision.kind === 'blocked') return refused(503, decision.reason);
    return refused(500, failure(message, false));
  }

  /** Waits until the engine answers, or until there is no more time. */
  private async answer(vpn: string, begun: ReplacementFacts, from: number): Promise<ProvisioningOutcome> {
    const follower = this.followers.find((f) => f.vpn === vpn);
    let replacement = begun;
    let growths = follower?.growths ?? 0;
    for (;;) {
      const passed = performance.now() - from;
      const engine = provisioned(replacement);
      if (engine && (replacement.readyAt !== null || passed >= ANSWER_WHILE_BOOTING_AFTER_MS)) {
        return { kind: 'engine', engine };
      }
      if (replacement.target === null) {
        return refused(500, failure(replacement.lastError ?? 'somebody has removed it while it was booting', false));
      }
      if (replacement.state !== 'running' && replacement.readyAt === null) {
        return refused(500, failure('its workflow was ended by somebody', false));
      }
      if (passed >= GIVE_UP_AFTER_MS || follower === undefined || follower.isStopped) {
        const promised = announced(vpn, replacement);
        if (promised) return { kind: 'engine', engine: promised };
        const error = replacement.lastError ?? 'its container is not there yet';
        return refused(503, failure(`${error}; it is tried again, ask once more`, true));
      }
      const due = engine ? ANSWER_WHILE_BOOTING_AFTER_MS : GIVE_UP_AFTER_MS;
      const look = Math.min(LOOK_EVERY_MS, due - passed);
      await follower.grownSince(growths, look);
      growths = follower.growths;
      const left = GIVE_UP_AFTER_MS - (performance.now() - from);
      const view = left > 0 ? await follower.presentStatus(left) : null;
      replacement = view?.replacements.find((r) => r.id === begun.id) ?? replacement;
    }
  }
}

function provisioned({ made, newEngine, target }: ReplacementFacts): ProvisionedJson | null {
  const container = newEngine ?? made;
  return container && target && provisionedJson(container, target);
}

/**
 * An engine whose container is not there yet on a busy host, or has not been heard of, though nothing stands in its way: its
 * workflow has answered since it was asked for. Its ports are settled, and so is its name, which is as good as an id. Proxies
 * go by the port, and take no other answer than this one.
 */
function announced(vpn: string, replacement: ReplacementFacts): ProvisionedJson | null {
  const { target, lastError, heldUntil } = replacement;
  const name = comingName(vpn, replacement);
  if (name === null || target === null || target.waitFor.length > 0) return null;
  return lastError === null && heldUntil === null ? provisionedJson({ id: name, name }, target) : null;
}

function provisionedJson(
  container: { readonly id: string; readonly name: string },
  target: Pick<Target, 'httpPort' | 'httpsPort'>,
): ProvisionedJson {
  return {
    container_id: container.id,
    container_name: container.name,
    host_http_port: target.httpPort,
    container_http_port: target.httpPort,
    container_https_port: target.httpsPort,
  };
}

function failure(message: string, wait: boolean): BlockedReasonJson {
  return { code: 'general_error', message, recovery_eta_seconds: null, can_retry: true, should_wait: wait };
}

/** What may still come, or may be asked for again, has not failed: proxies go by `error` where they do not see the status. */
function refused(status: 500 | 503, reason: BlockedReasonJson): ProvisioningOutcome {
  const error = status === 503 ? 'provisioning_blocked' : 'provisioning_failed';
  return { kind: 'refused', status, refusal: { error, ...reason } };
}

function requestIds(views: readonly (VpnStatusView | null)[]): Set<string | null> {
  return new Set(views.flatMap((view) => view?.replacements.map((r) => r.requestId) ?? []));
}
