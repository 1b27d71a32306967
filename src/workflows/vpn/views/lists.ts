import type { Instant, ListedEngine } from '../../../domain/engine';
import type { EnginesView } from '../../../domain/vpn/listing';
import type { VpnData } from '../data';
import { hidden, listing } from './listing';
import { replacesOnMove } from './on-move';

// What the API keeps of a VPN's engines and streams, and how it learns that it has the newest of it.

/** Each names one content. */
export function versionsOf(data: VpnData): { readonly engines: string; readonly streams: string } {
  const { lineage, listVersion, streamVersion } = data;
  return { engines: `${lineage}:${listVersion}`, streams: `${lineage}:${streamVersion}` };
}

export function enginesView(data: VpnData, now: Instant): EnginesView {
  const { retired, current } = data;
  const listed = listedEngines(data, now);
  return {
    listed,
    hidden: retired ? [] : hidden(data, listed ?? []),
    current,
    replacesOnMove: replacesOnMove(data, now),
  };
}

/** None once the VPN is retired: nobody watches its engines any more. */
export function listedEngines(data: VpnData, now: Instant): ListedEngine[] | null {
  return data.retired ? [] : listing(data, now);
}

/** Two states with the same fingerprint have the same lists. */
export function fingerprint(data: VpnData, now: Instant): string {
  // When its run began is nothing that a list shows.
  return JSON.stringify(enginesView(data, now), (name, value: unknown) => (name === 'run' ? undefined : value));
}
