/**
 * `unsettled`: its container is starting, or has failed its health check for so short a time that it may be a passing dip.
 * It can't have engines now, and probably can soon.
 */
export type PoolCondition = 'healthy' | 'unsettled' | 'down';

/** What the fleet has to know of a VPN to decide how many engines it should have. */
export interface PoolFacts {
  readonly condition: PoolCondition;
  /** Engines that are there or being brought up; those that are let go do not count. */
  readonly engines: number;
  /** Of them, those with a stream. */
  readonly busy: number;
  /** How many it keeps, the forwarded one among them. */
  readonly target: number;
}
