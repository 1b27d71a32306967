/** Portward's settings that the checker needs; ms. */
export interface Limits {
  readonly checkIntervalMs: number;
  readonly evictionGraceMs: number;
  readonly portCacheTtlMs: number;
  /** For how long the API serves its last list while it can't ask for a new one. */
  readonly staleLimitMs: number;
  readonly startupMs: number;
  /** Portward restarts a VPN that is unhealthy (`unhealthyRestartMs`) or without a port (`portLostMs`) for so long. */
  readonly unhealthyRestartMs: number;
  readonly portLostMs: number;
}

/** From an observation to the list: a change is in the list one check interval and this much later. */
export const NOTICE_MS = 150;
/**
 * The greatest age of a list that is not marked stale, at the time of its request: ENGINES_MAX_AGE_MS and 500 ms, the time that
 * the API may be behind a workflow.
 */
export const ANSWER_AGE_MS = 600;
/**
 * From the end of an outage until Portward has observed everything: it connects again, and asks Docker and the control
 * servers.
 */
export const RECOVERY_MS = 3_000;
/**
 * From the end of an outage until all lists are fresh: a worker replays each workflow when it is first asked for it.
 */
export const COMING_BACK_MS = 10_000;
/**
 * The same for an outage of the worker or of Temporal. Temporal waits up to 20 s for a workflow task that was under way when one of
 * them was killed, or that is lost in the first seconds of the next one, while the server is busy with reconnections.
 */
export const TASK_COMING_BACK_MS = 26_000;
/** For so long a single list may be marked stale: a failed request of the API takes half a second, and so may the next one. */
export const STALE_MOMENT_MS = 1_100;
/** So much later a kill by the harness may still have effects, and Docker may still report it. */
export const ECHO_MS = 2_000;
/** For so long a proxy keeps a list. */
export const LIST_KEPT_MS = 2_000;
/** Until an engine that hangs counts as unhealthy: three checks that each wait 3 s, a second apart. */
export const HANG_NOTICE_MS = 3 * (3_000 + 1_000);
/** The time between two answers that the checker gets; when exactly a list changed within it is unknown. */
export const RESOLUTION_MS = 100;
/** I3: the longest time from the last fault until all is well, without an engine's start. */
export const SETTLE_MS = 60_000;

/** For how long a list may still show the state before a change (I1), on a machine that does nothing else; ms. */
export function notice({ checkIntervalMs }: Limits): number {
  return checkIntervalMs + NOTICE_MS + ANSWER_AGE_MS;
}
