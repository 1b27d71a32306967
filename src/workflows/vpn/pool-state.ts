import type { Instant } from '../../domain/engine';
import { isCalledUnhealthy, isHealthy, isStarting, type Snapshot } from '../../domain/vpn/observation';
import type { PoolCondition, PoolState } from '../../domain/fleet/pool';
import { busyEngines } from '../../domain/streams/stream';
import { unfinishedTargets, type VpnData } from './data';

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
export function downAt({ snapshot, outageSince }: VpnData): Instant | null {
  return snapshot !== null && outageSince !== null && isCalledUnhealthy(snapshot.vpn) ? outageSince + DIP_MS : null;
}

/** Null before the first snapshot. */
export function poolState(data: VpnData, now: Instant): PoolState | null {
  if (data.snapshot === null) return null;
  const busy = busyEngines(data);
  return {
    // Who can't ask Docker knows nothing worse of the VPN than it did: to make up for its engines elsewhere would double them.
    condition: condition(data, data.snapshot, now),
    engines: data.engines.length + unfinishedTargets(data).length,
    busy: data.engines.filter((e) => busy.has(e.id)).length,
    // Not for as long as it takes to mend whatever keeps it from coming up.
    reserved: unfinishedTargets(data).filter((r) => r.wasInUse && r.heldUntil === null && r.failedAttempts === 0)
      .length,
    target: targetOf(data),
  };
}

function condition(data: VpnData, { vpn }: Snapshot, now: Instant): PoolCondition {
  if (isHealthy(vpn)) return 'healthy';
  const from = lostFrom(data);
  return from !== null && now >= from ? 'down' : 'unsettled';
}

/** From when on it counts as down, as long as nothing else is seen; null: it does not. */
export function lostFrom(data: VpnData): Instant | null {
  const { snapshot, outageSince, unreachable, remedies } = data;
  if (snapshot === null || isHealthy(snapshot.vpn)) return null;
  // What starts because it was restarted for being down stays so until it is healthy, or others would give back too early.
  if (remedies.containerRestarts > 0) return 0;
  if (isStarting(snapshot.vpn)) return outageSince === null ? null : 0;
  const at = downAt(data) ?? 0;
  return unreachable !== null && unreachable.at < at ? null : at;
}
