import type { VpnLists, VpnSource } from './vpn-source';

/** Queries the VPN's list as an API process does. The result is false when an API process would get no list now. */
export function listQuestion(source: Pick<VpnSource, 'lists'>): () => Promise<boolean> {
  // The query names the last list, so that the workflow does not send an unchanged list again.
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
