import type { Port } from '../engine';
import type { Cause } from '../replacement';

// The state of a VPN over the last days, in few bytes, since its workflow carries it from run to run. All times are in seconds.

/** `state`: the forwarded port that the VPN had from `at` on, or a value of `noPort`. */
export type StateRecord = readonly [at: number, state: Port];

/** States without a port. */
export const noPort = {
  /** The VPN is healthy, and no port of it is known. */
  none: 0,
  /** The VPN is not healthy. */
  down: -1,
  /** Unknown: Docker could not be asked, or Portward did not run. */
  unseen: -2,
} as const;

/** A replacement that has ended. `readyAfter`: null where no new engine came up. */
export type EndedRecord = readonly [
  number: number,
  at: number,
  readyAfter: number | null,
  endedAfter: number,
  cause: Cause,
];

export interface Timeline {
  /** Oldest first. Nothing is known of the time before the first one. */
  readonly states: readonly StateRecord[];
  /** In the order in which they ended. */
  readonly ended: readonly EndedRecord[];
  /** When the workflow last ran. */
  readonly seenAt: number;
}

export const emptyTimeline: Timeline = { states: [], ended: [], seenAt: 0 };
