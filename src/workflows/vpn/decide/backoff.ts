import type { Instant } from '../../../domain/engine';
import { growingPause } from '../../../lib/growing-pauses';

/** How often Portward has acted on a change, such as of the port, that keeps happening. Instants are 0 before the first change. */
export interface Backoff {
  readonly acted: number;
  readonly lastActed: Instant;
  readonly lastSeen: Instant;
}

export const noBackoff: Backoff = { acted: 0, lastActed: 0, lastSeen: 0 };

/** After so long without another change the backoff begins anew. */
const QUIET_MS = 5 * 60_000;
const SHORTEST_BACKOFF_MS = 5_000;
/** So many changes are acted on at once: a port that changes twice is no storm yet. */
const AT_ONCE = 2;

export function seenAgain(backoff: Backoff, at: Instant): Backoff {
  const isFirst = at - backoff.lastSeen > QUIET_MS;
  return { ...backoff, ...(isFirst ? { acted: 0 } : {}), lastSeen: at };
}

export function actedOn(backoff: Backoff, at: Instant): Backoff {
  return { ...backoff, acted: backoff.acted + 1, lastActed: at };
}

/** The pause of a step (0 and up), in ms: 5 s, 10 s, 20 s and so on, up to `longestMs`. */
export function backoffMs(step: number, longestMs: number): number {
  return growingPause(SHORTEST_BACKOFF_MS, longestMs, step);
}

/** When the next change may be acted on; 0: at once. */
export function nextAct({ acted, lastActed }: Backoff, longestMs: number): Instant {
  return acted < AT_ONCE || longestMs === 0 ? 0 : lastActed + backoffMs(acted - AT_ONCE, longestMs);
}

/** When the backoff begins anew, if there is no further change until then. */
export function calmAt({ lastSeen }: Backoff): Instant {
  return lastSeen + QUIET_MS;
}

/** Whether there are so many changes that Portward pauses between them, or waits for the first pause to end. */
export function isStorm(backoff: Backoff, longestMs: number, now: Instant): boolean {
  const until = stormUntil(backoff, longestMs);
  return until !== null && now <= until;
}

/** When the storm ends, if there is no further change; null: there is no storm. */
export function stormUntil(backoff: Backoff, longestMs: number): Instant | null {
  const { acted, lastActed, lastSeen } = backoff;
  const pauses = acted > AT_ONCE || (acted === AT_ONCE && lastSeen > lastActed);
  return longestMs > 0 && pauses ? calmAt(backoff) : null;
}
