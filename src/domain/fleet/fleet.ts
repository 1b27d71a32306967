import type { Instant } from '../engine';
import type { PoolState } from './pool';

/** A VPN as far as the fleet has to know its configuration. */
export interface FleetVpn {
  readonly vpn: string;
  /** How many engines its range of HTTP ports has room for. */
  readonly capacity: number;
  /** What it keeps until the fleet has told it something else. */
  readonly initialTarget: number;
}

/** How many engines are wanted over all VPNs. Kept in workflow state, so nothing secret belongs here. */
export interface FleetSettings {
  readonly instance: string;
  readonly vpns: readonly FleetVpn[];
  readonly minReplicas: number;
  /** Engines without a stream that are kept beside those with one. */
  readonly minFreeReplicas: number;
  readonly maxReplicas: number;
  readonly maxActiveReplicas: number;
  /** How often a VPN that has not reported is asked to. */
  readonly autoscaleIntervalMs: number;
}

/** By the VPN's name. */
export type Targets = Readonly<Record<string, number>>;

/** A VPN as it has reported last, with the target that it was told since. */
export interface FleetMember {
  readonly vpn: string;
  /** Null: it has never reported. */
  readonly facts: PoolState | null;
  /** Of the workflow that has reported. */
  readonly lineage: string | null;
  /** Its workflow is there, as far as is known. */
  readonly answers: boolean;
}

/** Since when a VPN should have fewer engines than it was told, or more. */
export interface Waiting {
  readonly fewer: boolean;
  readonly since: Instant;
}

export interface FleetState {
  readonly settings: FleetSettings;
  /** How many engines somebody has asked for; null: no more than the minimum. */
  readonly demand: number | null;
  readonly members: readonly FleetMember[];
  /** How many engines were wanted over all VPNs when that was decided last; null before that. */
  readonly wanted: number | null;
  /** By the VPN's name. */
  readonly waiting: Readonly<Record<string, Waiting>>;
}

/** Answer to `scale`. */
export interface Scaled {
  readonly wanted: number;
  /** Of all VPNs that have reported. */
  readonly targets: Targets;
}
