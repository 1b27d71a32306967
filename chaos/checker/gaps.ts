import { VPN_NAMES, type VpnName } from '../faults';
import type { Fact } from './facts';
import type { Rule, RuleContext } from './rule';

export interface Gap {
  readonly vpn: VpnName;
  readonly from: number;
  readonly ms: number;
}

/** The longest time for which a VPN in order had no forwarded engine in the list. It is only measured: I3 has the limit. */
export class Gaps implements Rule {
  longest: Gap | null = null;
  private readonly since = new Map<VpnName, number>();

  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    if (fact.kind !== 'answer' || fact.outcome !== 'list') return;
    for (const vpn of VPN_NAMES) {
      const { truth } = this.context;
      const port = truth.portOf(vpn);
      const inOrder =
        port !== 0 &&
        !(['vpn', 'health', 'control'] as const).some((kind) => truth.was(kind, vpn, fact.sentAt, fact.at)) &&
        !truth.was('docker', null, fact.sentAt, fact.at);
      const shown = fact.engines.some((e) => e.vpn === vpn && e.forwarded && e.p2pPort === port);
      if (!inOrder || shown) {
        this.since.delete(vpn);
        continue;
      }
      const from = this.since.get(vpn) ?? fact.sentAt;
      this.since.set(vpn, from);
      const ms = fact.at - from;
      if (ms > (this.longest?.ms ?? 0)) this.longest = { vpn, from, ms };
    }
  }
}
