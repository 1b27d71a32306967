import type { VpnName } from './faults';
import type { GroundTruth, TroubleKind } from './ground-truth';

/**
 * How many failures of a VPN's engines the harness itself can have caused between two times. What Portward reports beyond
 * that is its own mistake, and must not give it more time.
 * @param engines how many a fault of the VPN, or of Docker, takes with it
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
  // While its container is down a VPN is unhealthy as well: that is one fault.
  const ofTheVpn = Math.max(times('vpn', vpn), times('health', vpn));
  return hurt + engines * (ofTheVpn + times('docker', null));
}
