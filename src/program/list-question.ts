import type { Client } from '@temporalio/client';
import { TemporalVpnSource, type VpnLists, type TemporalVpnSourceOptions } from '../api/vpn-source';

/** Asks for the VPN's list as an API does; false: an API would get none now, and show its last one. */
export function listQuestion(client: Client, options: TemporalVpnSourceOptions): () => Promise<boolean> {
  const source = new TemporalVpnSource(client, options);
  // As an API does, too: a list that is known is not sent again.
  let known: VpnLists | null = null;
  return async () => {
    try {
      known = await source.lists(known);
      return true;
    } catch {
      return false;
    }
  };
}
