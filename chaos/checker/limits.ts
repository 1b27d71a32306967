/** What the checker needs to know of Portward's settings; ms. */
export interface Limits {
  readonly checkIntervalMs: number;
  readonly evictionGraceMs: number;
  readonly portCacheTtlMs: number;
  readonly startupMs: number;
}

/** Design: a change shows in the list one check and this much later. */
export const NOTICE_MS = 150;
/**
 * An answer shows what was true this long before it was asked for at most: ENGINES_MAX_AGE_MS and the deadline of a
 * query, which requests share.
 */
export const ANSWER_AGE_MS = 600;
/**
 * For a machine with two cores on which containers are made and processes started all the time. Promises of order are
 * checked without it.
 */
export const NOISE_MS = 1_500;
/** Until something that was away is fully at work again: processes start, connections are made anew. */
export const RECOVERY_MS = 5_000;
/** Proxies keep their list for 2 s, and 3 s more until a request has failed. */
export const EXCUSE_MS = 5_000;
/** Between two answers. */
export const RESOLUTION_MS = 100;
/** I3. */
export const SETTLE_MS = 60_000;

/** How long an answer may go on to show a port that has changed (I1). */
export function staleness({ checkIntervalMs }: Limits): number {
  return checkIntervalMs + NOTICE_MS + ANSWER_AGE_MS + NOISE_MS;
}
