import type { VpnLists, VpnSource } from './vpn-source';

/** Asks for the VPN's list as an API does; false: an API would get none now. */
export function listQuestion(source: Pick<VpnSource, 'lists'>): () => Promise<boolean> {
  // As an API does, too: a list that is known is not sent again.
  let known: VpnLists | null = null;
  return async () => {
    try {
      known = await source.lists(known);
      return known !== null;
    } catch {
      return false;
    }
  };
}
