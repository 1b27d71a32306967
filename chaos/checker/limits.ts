/** What the checker needs to know of Portward's settings; ms. */
export interface Limits {
  readonly checkIntervalMs: number;
  readonly evictionGraceMs: number;
  readonly portCacheTtlMs: number;
  /** For how long the API gives its last list while it can't ask. */
  readonly staleLimitMs: number;
  readonly startupMs: number;
  /** A VPN that is unhealthy, or without a port, for so long is restarted. */
  readonly unhealthyRestartMs: number;
  readonly portLostMs: number;
}

/** Design: a change shows in the list one check and this much later. */
export const NOTICE_MS = 150;
/**
 * An answer shows what was true this long before it was asked for at most: ENGINES_MAX_AGE_MS and the deadline of a
 * query, which requests share.
 */
export const ANSWER_AGE_MS = 600;
/**
 * After something that was away answers again, until it has looked at everything: connections are made anew, Docker and the
 * control servers are asked.
 */
export const RECOVERY_MS = 3_000;
/**
 * Until what was away gives lists again that are not out of date, and goes on doing so: a worker replays each workflow when it is
 * first asked.
 */
export const COMING_BACK_MS = 10_000;
/**
 * The same of a worker, and of Temporal. Temporal waits up to 20 s for a workflow task that one of them was at when it was killed, or that
 * is lost in the first seconds of the next one, while the server is busy with all that comes back.
 */
export const TASK_COMING_BACK_MS = 26_000;
/** A question of the API's that fails takes half a second, and so may the next one; until then its list is marked stale. */
export const STALE_MOMENT_MS = 1_100;
/** A kill that was asked for may be told, and felt, this much later. */
export const ECHO_MS = 2_000;
/** For so long a proxy goes on with a list. */
export const LIST_KEPT_MS = 2_000;
/** Three checks that each wait for 3 s, a second apart: what an engine is given before it counts as unhealthy. */
export const HANG_NOTICE_MS = 3 * (3_000 + 1_000);
/** Between two answers. */
export const RESOLUTION_MS = 100;
/** I3. */
export const SETTLE_MS = 60_000;

/** How long a list may go on to show what has changed (I1), on a machine that has nothing else to do. */
export function notice({ checkIntervalMs }: Limits): number {
  return checkIntervalMs + NOTICE_MS + ANSWER_AGE_MS;
}
