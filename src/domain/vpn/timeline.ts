import type { Port } from '../engine';
import type { Cause } from '../replacement';

// What a VPN was over the last days, in few bytes: it is carried from run to run of its workflow. All times are in seconds.

/** From then on the VPN had that forwarded port, or was as one of `noPort` says. */
export type StateRecord = readonly [at: number, state: Port];

/** In place of a port. */
export const noPort = {
  /** The VPN is healthy, and no port of it is known. */
  none: 0,
  /** The VPN is not healthy. */
  down: -1,
  /** Nobody could look: Docker could not be asked, or Portward did not run. */
  unseen: -2,
} as const;

/** A replacement that has ended. `readyAfter` is null where no new engine came up. */
export type EndedRecord = readonly [
  number: number,
  at: number,
  readyAfter: number | null,
  endedAfter: number,
  cause: Cause,
];

export interface Timeline {
  /** Oldest first. Nothing is known of before the first. */
  readonly states: readonly StateRecord[];
  /** In the order in which they ended. */
  readonly ended: readonly EndedRecord[];
  /** When the workflow was at work last. */
  readonly seenAt: number;
}

export const emptyTimeline: Timeline = { states: [], ended: [], seenAt: 0 };
