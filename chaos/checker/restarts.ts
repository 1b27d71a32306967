import type { VpnName } from '../faults';
import type { Trouble, TroubleKind } from '../ground-truth';
import type { Fact } from './facts';
import { ECHO_MS, notice } from './limits';
import type { Rule, RuleContext } from './rule';
import { troubledSince } from './troubled-since';

/** While one of them is away Portward can't observe. */
const OBSERVERS: readonly TroubleKind[] = ['worker', 'temporal', 'docker'];

/** Portward restarts a VPN only after its health or its port has been lost for long enough. */
export class RestartsRule implements Rule {
  constructor(private readonly context: RuleContext) {}

  take(fact: Fact): void {
    const { truth, limits } = this.context;
    if (fact.kind === 'container event' && fact.action === 'die' && fact.vpn !== null) {
      const { vpn, at } = fact;
      if (truth.was('vpn', vpn, at - ECHO_MS, at) || truth.was('docker', null, at - ECHO_MS, at)) return;
      if (this.isCalledFor(vpn, at, { kinds: ['health'], lastedMs: limits.unhealthyRestartMs })) return;
      this.violate(at, `the container of VPN ${vpn} was ended`, limits.unhealthyRestartMs);
    } else if (fact.kind === 'vpn order' && fact.status === 'stopped') {
      const { vpn, at } = fact;
      // A VPN that was down has no port until it is up, so 'vpn' counts as well.
      if (this.isCalledFor(vpn, at, { kinds: ['control', 'vpn'], lastedMs: limits.portLostMs })) return;
      this.violate(at, `the control server of VPN ${vpn} was told to stop it`, limits.portLostMs);
    }
  }

  /** A trouble whose end Portward could not observe counts as going on. */
  private isCalledFor(
    vpn: VpnName,
    at: number,
    { kinds, lastedMs }: { readonly kinds: readonly TroubleKind[]; readonly lastedMs: number },
  ): boolean {
    const { truth, limits, lag } = this.context;
    const window = notice(limits);
    const from = at - window - lag(at - window, at);
    const isOfTheVpn = ({ kind, target }: Trouble) => kinds.includes(kind) && target === vpn;
    const since = troubledSince(truth, { from, to: at }, (t) => isOfTheVpn(t) || OBSERVERS.includes(t.kind));
    return since !== null && at - since >= lastedMs && truth.between(since, at, isOfTheVpn).length > 0;
  }

  private violate(at: number, what: string, lastedMs: number): void {
    const reason = `no fault that lasted for ${lastedMs} ms called for it`;
    this.context.violate('remedy', at, `${what}, though ${reason}`);
  }
}
