import type { VpnName } from './faults';
import type { GroundTruth, TroubleKind } from './ground-truth';

/**
 * How many failures of a VPN's engines the harness can have caused between two times. Further failures that Portward reports
 * are its own fault, and must not give it more time.
 * @param engines how many engines fail with a fault of the VPN or of Docker
 */
export function failuresCaused(
  truth: GroundTruth,
  { vpn, engines }: { readonly vpn: VpnName; readonly engines: number },
  from: number,
  to: number,
): number {
  const hurt = truth.between(from, to, ({ engineOf }) => engineOf === vpn).length;
  const times = (kind: TroubleKind, target: string | null) =>
    truth.between(from, to, (t) => t.kind === kind && t.target === target).length;
  // A VPN whose container is down is unhealthy as well: that is one fault.
  const ofTheVpn = Math.max(times('vpn', vpn), times('health', vpn));
  return hurt + engines * (ofTheVpn + times('docker', null));
}
