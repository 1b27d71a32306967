import type { Instant } from '../engine';
import type { PoolState } from './pool';

/** What the fleet needs of a VPN's configuration. */
export interface FleetVpn {
  readonly vpn: string;
  /** How many engines it can have: the size of its range of HTTP ports. */
  readonly capacity: number;
  /** Its target until the fleet sets another one. */
  readonly initialTarget: number;
}

/** Kept in workflow state, which the Temporal UI shows: nothing secret belongs here. */
export interface FleetSettings {
  readonly instance: string;
  readonly vpns: readonly FleetVpn[];
  readonly minReplicas: number;
  /** How many idle engines are kept beside the busy ones. */
  readonly minFreeReplicas: number;
  readonly maxReplicas: number;
  readonly maxActiveReplicas: number;
  /** How often a VPN that has not reported is asked for a report. */
  readonly autoscaleIntervalMs: number;
}

/** How many engines each VPN is to keep, by the VPN's name. */
export type Targets = Readonly<Record<string, number>>;

/** What the fleet knows of a VPN: its last report, with the target that was sent to it since. */
export interface FleetMember {
  readonly vpn: string;
  /** Null: it has never reported. */
  readonly facts: PoolState | null;
  /** Incarnation of the workflow that sent the report. */
  readonly incarnation: string | null;
  /** False: its workflow was not there when the fleet last sent it something. */
  readonly answers: boolean;
}

/** A change of a VPN's target that is not sent before it has been planned for a while. `since`: when it was first planned. */
export interface Waiting {
  readonly fewer: boolean;
  readonly since: Instant;
}

export interface FleetState {
  readonly settings: FleetSettings;
  /** How many engines somebody has asked for over all VPNs; null: nobody has. */
  readonly demand: number | null;
  readonly members: readonly FleetMember[];
  /** How many engines over all VPNs the last decision wanted; null before the first one. */
  readonly wanted: number | null;
  /** By the VPN's name. */
  readonly waiting: Readonly<Record<string, Waiting>>;
}

/** Answer to `scale`. */
export interface Scaled {
  readonly wanted: number;
  /** Only of VPNs that have reported. */
  readonly targets: Targets;
}
