import type { PoolFacts } from './pool';

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
  /** How often the pool is looked at even if nobody says that it has changed. */
  readonly autoscaleIntervalMs: number;
}

/** By the VPN's name. */
export type Targets = Readonly<Record<string, number>>;

/** A VPN as the fleet saw it last. */
export interface FleetMember {
  readonly vpn: string;
  /** Null: it has never answered. */
  readonly facts: PoolFacts | null;
  readonly answers: boolean;
}

export interface FleetState {
  readonly settings: FleetSettings;
  /** How many engines somebody has asked for; null: no more than the minimum. */
  readonly demand: number | null;
  readonly members: readonly FleetMember[];
  /** How many engines were wanted over all VPNs when they were looked at last; null before the first look. */
  readonly wanted: number | null;
  /** What VPNs were told after the last look. */
  readonly told: Targets;
}
