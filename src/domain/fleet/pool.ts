/**
 * `unsettled`: its container is starting, or has failed its health check for so short a time that it may be a passing dip.
 * It can't have engines now, and probably can soon.
 */
export type PoolCondition = 'healthy' | 'unsettled' | 'down';

/** What the fleet has to know of a VPN to decide how many engines it should have. */
export interface PoolState {
  readonly condition: PoolCondition;
  /** Engines that are there or being brought up; those that are being released do not count. */
  readonly engines: number;
  /** Of them, those with a stream. */
  readonly busy: number;
  /** Of them, those that are being brought up in place of one with a stream: its viewers come back. */
  readonly reserved: number;
  /** How many it keeps, the forwarded one among them. */
  readonly target: number;
}

/** VPN → fleet. */
export interface PoolReport {
  readonly vpn: string;
  /** Of the VPN's workflow: another one has forgotten what it was told. */
  readonly lineage: string;
  readonly facts: PoolState;
}
