import type { BreakerKey, BreakerKind } from '../../../domain/vpn/breaker';
import type { Instant, Role } from '../../../domain/engine';
import type { Cause } from '../../../domain/replacement';
import type { BreakerSettings } from '../../../domain/settings';

// Circuit breakers. When several engines in a row could not be brought up, Portward pauses: further attempts mend neither the image
// nor the host, and each costs a container. Failures because Docker or the VPN is away do not count. Each role has breakers of its
// own: what keeps a forwarded engine from coming up, such as a taken port, says nothing of plain ones.

export interface Breaker {
  /** In a row. */
  readonly failures: number;
  readonly lastFailureAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** When it was opened, or opened again after a failed trial; null: it is closed. */
  readonly openedAt: Instant | null;
}

export type Breakers = Readonly<Record<Role, Readonly<Record<BreakerKind, Breaker>>>>;

export const closedBreaker: Breaker = { failures: 0, lastFailureAt: null, lastSuccessAt: null, openedAt: null };
const bothClosed = { general: closedBreaker, replacement: closedBreaker };
export const closedBreakers: Breakers = { forwarded: bothClosed, plain: bothClosed };

const KINDS: readonly BreakerKind[] = ['general', 'replacement'];
const ROLES: readonly Role[] = ['forwarded', 'plain'];
export const breakerKeys: readonly BreakerKey[] = ROLES.flatMap((role) => KINDS.map((kind) => ({ role, kind })));

export function breakerKind(cause: Cause): BreakerKind {
  return ['first engine', 'scaled up', 'requested'].includes(cause) ? 'general' : 'replacement';
}

/** The breaker that counts the failures of engines of that role and cause. */
export function breakerKey(cause: Cause, role: Role): BreakerKey {
  return { role, kind: breakerKind(cause) };
}

/** With that one breaker changed. */
export function withBreaker(breakers: Breakers, { role, kind }: BreakerKey, breaker: Breaker): Breakers {
  return { ...breakers, [role]: { ...breakers[role], [kind]: breaker } };
}

/** An engine has come up: both breakers of its role close, since the other engines of that role can come up, too. */
export function withEngineUp(breakers: Breakers, { role, kind }: BreakerKey, at: Instant): Breakers {
  const other = kind === 'general' ? 'replacement' : 'general';
  const closed =
    breakers[role][other].openedAt === null
      ? breakers
      : withBreaker(breakers, { role, kind: other }, reset(breakers[role][other]));
  return withBreaker(closed, { role, kind }, withSuccess(breakers[role][kind], at));
}

/** Closed, without its failures. */
export function reset({ lastSuccessAt }: Breaker): Breaker {
  return { ...closedBreaker, lastSuccessAt };
}

export function withFailure(breaker: Breaker, settings: BreakerSettings, at: Instant): Breaker {
  const failures = breaker.failures + 1;
  const opens = breaker.openedAt !== null || failures >= settings.threshold;
  return { ...breaker, failures, lastFailureAt: at, openedAt: opens ? at : null };
}

function withSuccess(breaker: Breaker, at: Instant): Breaker {
  return { ...breaker, failures: 0, lastSuccessAt: at, openedAt: null };
}
