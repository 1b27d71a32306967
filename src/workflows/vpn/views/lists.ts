import type { Instant, ListedEngine } from '../../../domain/engine';
import type { EnginesView } from '../../../domain/vpn/listing';
import type { VpnData } from '../data';
import { hidden, listing } from './listing';
import { replacesOnMove } from './on-move';

// The engines view, and the versions by which the API knows whether it has the latest engines and streams.

/** Each version names one content. */
export function versionsOf(data: VpnData): { readonly engines: string; readonly streams: string } {
  const { incarnation, listVersion, streamVersion } = data;
  return { engines: `${incarnation}:${listVersion}`, streams: `${incarnation}:${streamVersion}` };
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

/** Empty once the VPN is retired, since its engines are not observed any more. */
export function listedEngines(data: VpnData, now: Instant): ListedEngine[] | null {
  return data.retired ? [] : listing(data, now);
}

/** Equal for two states with the same engines view. */
export function fingerprint(data: VpnData, now: Instant): string {
  // No list shows when an engine's run began.
  return JSON.stringify(enginesView(data, now), (name, value: unknown) => (name === 'run' ? undefined : value));
}
