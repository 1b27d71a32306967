import type { VpnName } from '../faults';
import type { Trouble } from '../ground-truth';
import type { ContainerEvent, Fact, StreamFailure } from './facts';
import { knownAt } from './known';
import { LIST_KEPT_MS } from './limits';
import type { Rule, RuleContext } from './rule';

/** Faults that no program could hide from a viewer. The final table ends its rows with these texts. */
export const EXCUSES = [
  'its engine was hurt',
  "its engine's VPN was down",
  'Docker was down',
  'the API was killed',
  'Temporal was away for longer than a list is kept',
] as const;
export type Excuse = (typeof EXCUSES)[number];

/**
 * A stream may fail only if the harness has hurt the engine, and only if Portward could not know of that when the proxy
 * took its list. A replacement that Portward began itself is no excuse.
 */
export class StreamsRule implements Rule {
  readonly excused = new Map<Excuse, number>();
  failed = 0;
  /** When containers of VPNs ended. */
  private readonly ends: { readonly vpn: VpnName; readonly at: number }[] = [];
  /** When the request was sent for the first list that had engines again after Docker was away. */
  private listedAgainAt = 0;

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind === 'container event') this.takeEvent(fact);
    else if (fact.kind === 'answer' && fact.outcome === 'list' && fact.staleSeconds === null) {
      const wasEmpty = this.context.truth.was('docker', null, this.listedAgainAt, fact.sentAt);
      if (wasEmpty && fact.engines.length > 0 && !this.context.truth.was('docker', null, fact.sentAt, fact.at))
        this.listedAgainAt = fact.sentAt;
    } else if (fact.kind === 'stream failure') this.judge(fact);
  }

  private takeEvent({ action, vpn, at }: ContainerEvent): void {
    if (action === 'die' && vpn !== null) this.ends.push({ vpn, at });
  }

  private judge(failure: StreamFailure): void {
    const excuse = failure.engine === null ? this.excuseWithoutEngine(failure) : this.excuse(failure);
    if (excuse !== null) {
      this.excused.set(excuse, (this.excused.get(excuse) ?? 0) + 1);
      return;
    }
    this.failed++;
    const { beganAt, at, reason } = failure;
    this.context.violate('streams', at, `a stream failed, ${Math.round(at - beganAt)} ms after its request: ${reason}`);
  }

  private excuse({ beganAt, at, engine }: StreamFailure): Excuse | null {
    const { truth } = this.context;
    const hurts = truth.between(0, at, ({ kind, target }) => {
      if (kind === 'engine' || kind === 'hang') return target === engine?.id;
      return kind === 'docker' || (kind === 'vpn' && target === engine?.vpn);
    });
    const hurt = hurts.findLast((t) => beganAt <= knownAt(this.context, t, this.hurtAt(t, at), at) + LIST_KEPT_MS);
    if (!hurt) return null;
    if (hurt.kind === 'docker') return 'Docker was down';
    return hurt.kind === 'vpn' ? "its engine's VPN was down" : 'its engine was hurt';
  }

  /** When the trouble hurt the engines; for a VPN that was stopped and started again later, when it was stopped. */
  private hurtAt({ kind, target, from, to }: Trouble, at: number): number {
    const latest = Math.min(to, at);
    if (kind === 'hang') return from;
    if (kind !== 'vpn') return latest;
    return this.ends.findLast((end) => end.vpn === target && end.at >= from && end.at <= latest)?.at ?? latest;
  }

  /** The proxy had no list, or an empty one. */
  private excuseWithoutEngine({ beganAt, at }: StreamFailure): Excuse | null {
    const { truth, limits } = this.context;
    if (truth.was('api', null, beganAt - LIST_KEPT_MS, at)) return 'the API was killed';
    const docker = truth.between(0, at, ({ kind }) => kind === 'docker').at(-1);
    if (docker && (this.listedAgainAt < docker.to || beganAt <= this.listedAgainAt + LIST_KEPT_MS))
      return 'Docker was down';
    const away = truth.between(
      beganAt,
      at,
      ({ kind, from }) => (kind === 'worker' || kind === 'temporal') && at - from > limits.staleLimitMs,
    );
    return away.length > 0 ? 'Temporal was away for longer than a list is kept' : null;
  }
}
