import type { Instant, Role } from '../domain/engine';
import type { Cause } from '../domain/replacement';
import { spacing } from './recurrence';
import type { VpnData } from './vpn-data';

const FAILURE_MEMORY_MS = 10 * 60_000;
const LONGEST_SPACING_MS = 5 * 60_000;
const FAILURES: readonly Cause[] = ['engine died', 'engine unhealthy', 'engine missing'];

export function isFailure(cause: Cause): boolean {
  return FAILURES.includes(cause);
}

/**
 * What failed is counted, not what fills its place: after a VPN's restart many places are filled and nothing has failed.
 * When an engine that failed may be brought up again: the first time at once, then after 5 s, 10 s, 20 s and so on
 * up to 5 minutes, while failures keep coming.
 */
export function earliestAfterFailures(data: VpnData, role: Role, now: Instant): Instant {
  const recent = data.replacements.filter(
    (r) => isFailure(r.cause) && r.old.some((e) => e.role === role) && r.startedAt > now - FAILURE_MEMORY_MS,
  );
  const latest = Math.max(0, ...recent.map((r) => r.startedAt));
  return recent.length === 0 ? 0 : latest + spacing(recent.length - 1, LONGEST_SPACING_MS);
}
