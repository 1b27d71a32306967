import type { VpnName } from '../faults';
import type { Trouble, TroubleKind } from '../ground-truth';
import type { Answer, Fact, ListedEngine } from './facts';
import { notice, RECOVERY_MS } from './limits';
import type { Rule, RuleContext } from './rule';
import { troubledSince } from './troubled-since';

type List = Extract<Answer, { outcome: 'list' }>;

const OF_THE_VPN: readonly TroubleKind[] = ['control', 'health', 'vpn'];

/** I1: at most one engine of a VPN is listed as forwarded, and it is on the VPN's last observed port. I7: no port is invented. */
export class ForwardingRule implements Rule {
  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind !== 'answer' || fact.outcome !== 'list') return;
    const seen = new Map<VpnName, ListedEngine>();
    for (const engine of fact.engines) {
      if (!engine.forwarded) continue;
      const other = seen.get(engine.vpn);
      if (other) {
        this.violate('I1', fact, `${other.name} and ${engine.name} are both listed as forwarded on VPN ${engine.vpn}`);
      }
      seen.set(engine.vpn, engine);
      // Stale answers are checked too: the mark may be because of one VPN, and the answer is right about the others.
      this.check(fact, engine);
    }
  }

  private check(answer: List, engine: ListedEngine): void {
    const { truth, limits, lag } = this.context;
    const { vpn, p2pPort, lastSeen } = engine;
    if (p2pPort === null) {
      this.violate('I1', answer, `${engine.name} is listed as forwarded, with no P2P port`);
      return;
    }
    const window = notice(limits) + lag(answer.sentAt - notice(limits), answer.at);
    const from = answer.sentAt - window;
    if (truth.hadPort(vpn, p2pPort, from, answer.at)) {
      this.checkLifetime(answer, engine);
      return;
    }
    // While Portward can't observe, its last observation counts, however old it is; the engine's `last_seen` has its time.
    const unobservedFrom = this.unobservedSince(vpn, from, answer.at);
    const wasUnobserved = truth.between(from - RECOVERY_MS, answer.at, (t) => this.prevents(vpn, t)).length > 0;
    const wasReadable = OF_THE_VPN.every((kind) => !truth.was(kind, vpn, unobservedFrom, answer.at));
    const seen = wasReadable ? Math.min(lastSeen ?? 0, from + window) : 0;
    const observedAt = Math.max(unobservedFrom, seen);
    if (wasUnobserved && truth.hadPort(vpn, p2pPort, observedAt - window, answer.at)) {
      this.checkLifetime(answer, engine);
      return;
    }
    this.violate(
      'I1',
      answer,
      `${engine.name} is listed as forwarded on port ${p2pPort}, which VPN ${vpn} has not had for ${Math.round(window)} ms; its port is ${truth.portOf(vpn)}`,
    );
  }

  /** A port that can't be read is valid for GLUETUN_PORT_CACHE_TTL_S from the first read that failed. */
  private checkLifetime(answer: List, engine: ListedEngine): void {
    const { truth, limits, lag } = this.context;
    const [unreadable] = truth.between(
      answer.sentAt,
      answer.at,
      (t) => t.kind === 'control' && t.target === engine.vpn && t.to === Infinity,
    );
    if (!unreadable) return;
    const expired = unreadable.from + limits.portCacheTtlMs + notice(limits) + lag(unreadable.from, answer.at);
    if (answer.sentAt <= expired) return;
    // After another trouble the watcher may have begun anew; it then counts from its own first failure.
    const others = (t: Trouble) => this.prevents(engine.vpn, t) && t !== unreadable;
    if (truth.between(unreadable.from - RECOVERY_MS, answer.at, others).length > 0) return;
    this.violate(
      'I7',
      answer,
      `${engine.name} is listed as forwarded, though VPN ${engine.vpn}'s port could not be read for ${answer.sentAt - unreadable.from} ms`,
    );
  }

  /** Since when Portward could not observe the VPN; `from` if it could. */
  private unobservedSince(vpn: VpnName, from: number, to: number): number {
    const since = troubledSince(this.context.truth, { from, to }, (t) => this.prevents(vpn, t));
    return Math.min(from, since ?? from);
  }

  /** Whether the trouble prevents an observation of the VPN. */
  private prevents(vpn: VpnName, { kind, target }: Trouble): boolean {
    if (kind === 'worker' || kind === 'temporal' || kind === 'docker') return true;
    return OF_THE_VPN.includes(kind) && target === vpn;
  }

  private violate(promise: string, answer: List, what: string): void {
    this.context.violate(promise, answer.at, what);
  }
}
