// Builders like those in builders.ts, for the types of the fleet.
import type { FleetMember, FleetSettings } from '../src/domain/fleet/fleet';
import type { PoolState } from '../src/domain/fleet/pool';

export function fleetSettings(
  change: Partial<FleetSettings> = {},
  vpns: readonly string[] = ['a', 'b'],
): FleetSettings {
  const settings = {
    instance: 'test',
    minReplicas: 1,
    minFreeReplicas: 1,
    maxReplicas: 20,
    maxActiveReplicas: 20,
    autoscaleIntervalMs: 30_000,
    ...change,
  };
  const initialTarget = Math.max(1, Math.floor(settings.minReplicas / vpns.length));
  return { vpns: vpns.map((vpn) => ({ vpn, capacity: 100, initialTarget })), ...settings };
}

export function poolState(facts: Partial<PoolState> = {}): PoolState {
  return { condition: 'healthy', engines: 1, busy: 0, reserved: 0, target: 1, ...facts };
}

/** @param facts null: the VPN has never reported */
export function member(vpn: string, facts: Partial<PoolState> | null = {}): FleetMember {
  if (facts === null) return { vpn, facts, incarnation: null, answers: false };
  return { vpn, facts: poolState(facts), incarnation: `l-${vpn}`, answers: true };
}
