import type { VpnSource } from '../../gateways/vpn-source';
import type { Reads } from '../reads/reads';

/**
 * Sends a request to every VPN, and waits until the lists show its effect.
 * @returns what to tell the caller if some VPNs have not got it; null: all have
 */
export async function sendToEveryVpn(reads: Reads, send: (vpn: VpnSource) => Promise<void>): Promise<string | null> {
  const sent = await reads.changeAndCatchUp(reads.followers, () => Promise.allSettled(reads.sources.map(send)));
  const missed = reads.names.filter((_name, i) => sent[i]?.status === 'rejected');
  if (missed.length === 0) return null;
  return `Temporal did not take the request for these VPNs: ${missed.join(', ')}; repeat the request`;
}
