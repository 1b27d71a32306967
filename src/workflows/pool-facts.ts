import type { Instant } from '../domain/engine';
import { isCalledUnhealthy, isHealthy, isStarting, type Sight } from '../domain/observation';
import type { PoolCondition, PoolFacts } from '../domain/pool';
import { busyEngines } from './streams';
import { unfinishedTargets, type VpnData } from './vpn-data';

/** How many engines this VPN keeps, the forwarded one among them: what the fleet has said last. */
export function targetOf({ fleetTarget, settings }: VpnData): number {
  return fleetTarget ?? settings.targetEngines;
}

/**
 * Other VPNs make up for one that fails its health check for longer. A host that is busy with starting engines lets health
 * checks fail, and more engines at once would have more of them fail.
 */
const DIP_MS = 10_000;

/** When a VPN that fails its health check counts as down; null: it does not fail it, or is down for another reason. */
export function downAt({ sight, outageSince }: VpnData): Instant | null {
  return sight !== null && outageSince !== null && isCalledUnhealthy(sight.vpn) ? outageSince + DIP_MS : null;
}

/** Null before the first look. */
export function poolFacts(data: VpnData, now: Instant): PoolFacts | null {
  if (data.sight === null) return null;
  const busy = busyEngines(data);
  return {
    // Who can't ask Docker knows nothing worse of the VPN than it did: to make up for its engines elsewhere would double them.
    condition: condition(data, data.sight, now),
    engines: data.engines.length + unfinishedTargets(data).length,
    busy: data.engines.filter((e) => busy.has(e.id)).length,
    // Not for as long as it takes to mend whatever keeps it from coming up.
    reserved: unfinishedTargets(data).filter((r) => r.wasInUse && r.heldUntil === null && r.failedAttempts === 0)
      .length,
    target: targetOf(data),
  };
}

function condition(data: VpnData, { vpn }: Sight, now: Instant): PoolCondition {
  if (isHealthy(vpn)) return 'healthy';
  const { outageSince, blind, remedies } = data;
  // What starts because it was restarted for being down stays so until it is healthy, or others would give back too early.
  if (remedies.containerRestarts > 0) return 'down';
  if (isStarting(vpn)) return outageSince === null ? 'unsettled' : 'down';
  const seen = blind === null ? now : Math.min(now, blind.at);
  return seen < (downAt(data) ?? seen) ? 'unsettled' : 'down';
}
