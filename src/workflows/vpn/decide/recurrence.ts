import type { Instant } from '../../../domain/engine';

/** Something that keeps happening, and how often it was acted on while it did. */
export interface Recurrence {
  readonly acted: number;
  readonly lastActed: Instant;
  readonly lastSeen: Instant;
}

export const neverSeen: Recurrence = { acted: 0, lastActed: 0, lastSeen: 0 };

/** Without another occurrence for so long, the next one is a first one again. */
const QUIET_MS = 5 * 60_000;
const SHORTEST_SPACING_MS = 5_000;
/** As many are acted on at once: a port that moves twice is no storm yet. */
const AT_ONCE = 2;

export function seenAgain(recurrence: Recurrence, at: Instant): Recurrence {
  const isFirst = at - recurrence.lastSeen > QUIET_MS;
  return { ...recurrence, ...(isFirst ? { acted: 0 } : {}), lastSeen: at };
}

export function actedOn(recurrence: Recurrence, at: Instant): Recurrence {
  return { ...recurrence, acted: recurrence.acted + 1, lastActed: at };
}

/** 5 s, 10 s, 20 s and so on, up to `longestMs`. */
export function spacing(step: number, longestMs: number): number {
  return Math.min(longestMs, SHORTEST_SPACING_MS * 2 ** step);
}

/** From when on it may be acted on once more. */
export function nextAct({ acted, lastActed }: Recurrence, longestMs: number): Instant {
  return acted < AT_ONCE || longestMs === 0 ? 0 : lastActed + spacing(acted - AT_ONCE, longestMs);
}

/** When it will have been quiet for long enough to begin anew. */
export function calmAt({ lastSeen }: Recurrence): Instant {
  return lastSeen + QUIET_MS;
}

/** Whether it comes so often that acting on it is spaced, the first wait included. */
export function isStorm(recurrence: Recurrence, longestMs: number, now: Instant): boolean {
  const until = stormUntil(recurrence, longestMs);
  return until !== null && now <= until;
}

/** Until when that is so, if it does not come again; null: it is not. */
export function stormUntil(recurrence: Recurrence, longestMs: number): Instant | null {
  const { acted, lastActed, lastSeen } = recurrence;
  const spaced = acted > AT_ONCE || (acted === AT_ONCE && lastSeen > lastActed);
  return longestMs > 0 && spaced ? calmAt(recurrence) : null;
}
