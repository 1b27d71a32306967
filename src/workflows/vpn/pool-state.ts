import type { Instant } from '../../domain/engine';
import { isCalledUnhealthy, isHealthy, isStarting, type Snapshot } from '../../domain/vpn/observation';
import type { PoolCondition, PoolState } from '../../domain/fleet/pool';
import { busyEngines } from '../../domain/streams/stream';
import { unfinishedTargets, type VpnData } from './data';

/** How many engines this VPN keeps, the forwarded one included: the target from the fleet, or the VPN's own until there is one. */
export function targetOf({ fleetTarget, settings }: VpnData): number {
  return fleetTarget ?? settings.targetEngines;
}

/**
 * How long a VPN may fail its health check before others get engines in its place. On a host that is busy starting engines health
 * checks fail, and still more engines would make more of them fail.
 */
const DIP_MS = 10_000;

/** When a VPN that fails its health check begins to count as down; null: it does not fail it. */
export function downAt({ snapshot, outageSince }: VpnData): Instant | null {
  return snapshot !== null && outageSince !== null && isCalledUnhealthy(snapshot.vpn) ? outageSince + DIP_MS : null;
}

/** Null before the first snapshot. */
export function poolState(data: VpnData, now: Instant): PoolState | null {
  if (data.snapshot === null) return null;
  const busy = busyEngines(data);
  return {
    // While Docker is unreachable the condition gets no worse: the engines may run, and others in their place would double them.
    condition: condition(data, data.snapshot, now),
    engines: data.engines.length + unfinishedTargets(data).length,
    busy: data.engines.filter((e) => busy.has(e.id)).length,
    // Not while attempts fail: that may last until somebody mends the cause.
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

/** When the VPN begins to count as down, if its state stays as it is; null: it does not. */
export function lostFrom(data: VpnData): Instant | null {
  const { snapshot, outageSince, unreachable, remedies } = data;
  if (snapshot === null || isHealthy(snapshot.vpn)) return null;
  // A VPN that Portward has restarted counts as down until it is healthy. Otherwise others would give up its engines too early.
  if (remedies.containerRestarts > 0) return 0;
  if (isStarting(snapshot.vpn)) return outageSince === null ? null : 0;
  const at = downAt(data) ?? 0;
  return unreachable !== null && unreachable.at < at ? null : at;
}
