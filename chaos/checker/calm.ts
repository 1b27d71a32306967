import type { CalmChange, Fact } from './facts';
import { notice, RECOVERY_MS } from './limits';
import type { TroubleKind } from '../ground-truth';
import type { Rule, RuleContext } from './rule';

const PROGRAM: readonly TroubleKind[] = ['worker', 'api', 'temporal', 'docker'];

/** I4: whatever happens to the other VPNs, a port change of the calm VPN is seen in time. */
export class CalmRule implements Rule {
  /** From the new port to the first answer that no longer shows the old port; ms. */
  readonly latencies: number[] = [];
  private waiting: CalmChange | null = null;

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind === 'calm change') {
      // A change that the next one overtakes is not measured.
      this.waiting = fact.from === fact.to ? null : fact;
      return;
    }
    if (fact.kind !== 'answer' || fact.outcome !== 'list' || fact.staleSeconds !== null) return;
    const { waiting } = this;
    if (waiting === null || fact.sentAt < waiting.at) return;
    const shown = fact.engines.some((e) => e.vpn === 'calm' && e.forwarded && e.p2pPort === waiting.from);
    if (!shown) {
      this.latencies.push(Math.max(0, fact.sentAt - waiting.at));
      this.waiting = null;
      return;
    }
    const { truth, limits, lag } = this.context;
    const late = fact.sentAt - waiting.at;
    const most = notice(limits) + lag(waiting.at, fact.at);
    if (late <= most) return;
    this.waiting = null;
    if (PROGRAM.some((kind) => truth.was(kind, null, waiting.at - RECOVERY_MS, fact.at))) return;
    this.context.violate(
      'I4',
      fact.at,
      `the calm VPN's port changed ${late} ms ago from ${waiting.from} to ${waiting.to}, and the old one is still shown; expected within ${Math.round(most)} ms`,
    );
  }
}
