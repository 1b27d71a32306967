/**
 * `unsettled`: the VPN's container is starting, or has failed its health check for less than 10 s. It can't have engines now, and
 * probably can soon.
 */
export type PoolCondition = 'healthy' | 'unsettled' | 'down';

/** What the fleet needs to know of a VPN to decide how many engines it keeps. */
export interface PoolState {
  readonly condition: PoolCondition;
  /** Engines that are there or being brought up; those that are being released do not count. */
  readonly engines: number;
  /** Engines of these that have a stream. */
  readonly busy: number;
  /** Engines of these that are being brought up in place of a busy one, whose viewers will come back. */
  readonly reserved: number;
  /** How many engines it keeps, the forwarded one included. */
  readonly target: number;
}

/** What a VPN's workflow signals to the fleet workflow. */
export interface PoolReport {
  readonly vpn: string;
  /** Incarnation of the VPN's workflow: a new one does not know the target that was sent to the one before. */
  readonly incarnation: string;
  readonly facts: PoolState;
}
