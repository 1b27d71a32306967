import type { Instant, Role } from '../../../domain/engine';
import { isLossOfNetwork, type Cause, type Replacement } from '../../../domain/replacement';
import { backoffMs } from './backoff';
import type { VpnData } from '../data';

const FAILURE_MEMORY_MS = 10 * 60_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;
const FAILURES: readonly Cause[] = ['engine died', 'engine unhealthy', 'engine missing'];

export function isFailure(cause: Cause): boolean {
  return FAILURES.includes(cause);
}

/**
 * When the next engine of that role may be brought up in place of one that failed: the first time at once, then after 5 s, 10 s, 20 s
 * and so on up to 5 minutes, until there was no failure for 10 minutes.
 */
export function earliestAfterFailures(data: VpnData, role: Role, now: Instant): Instant {
  const recent = data.replacements.filter(
    (r) => r.target?.role === role && isFailure(r.cause) && r.startedAt > now - FAILURE_MEMORY_MS,
  );
  const latest = Math.max(0, ...recent.map((r) => r.startedAt));
  return recent.length === 0 ? 0 : latest + backoffMs(recent.length - 1, LONGEST_BACKOFF_MS);
}

/**
 * The cause for bringing up a missing engine that has no predecessor left. Only where the predecessor was not lost with the VPN's
 * network does it count as the failure of an engine.
 */
export function causeOfRefill(data: VpnData, role: Role): Cause {
  if (!data.replacements.some((r) => (r.target ?? r.givenUp)?.role === role)) return 'first engine';
  const took = (r: Replacement) => r.givenUp?.role === role || r.old.some((e) => e.role === role);
  const last = data.replacements.findLast((r) => r.target === null && took(r));
  if (last?.cause === 'removed' || last?.givenUp) return 'removed';
  if (last === undefined || !isLossOfNetwork(last.cause)) return 'engine missing';
  return last.cause === 'VPN removed' ? 'VPN re-created' : last.cause;
}
