import type { BreakerKey, BreakerKind } from '../../../domain/vpn/breaker';
import type { Instant, Role } from '../../../domain/engine';
import type { Cause } from '../../../domain/replacement';
import type { BreakerSettings } from '../../../domain/settings';

// Engines that can't be brought up several times in a row are left for a while: what is wrong with their image or
// their host is not mended by trying, and each try costs a container. Docker or a VPN that is away does not count.
// Each role has breakers of its own: what keeps the forwarded engine down, such as a port that something else has, says
// nothing of the plain ones.

export interface Breaker {
  /** In a row. */
  readonly failures: number;
  readonly lastFailureAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** When it was opened, or opened again by a trial that failed. */
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

/** The one that counts the failures of an engine of that role which is brought up for that cause. */
export function breakerKey(cause: Cause, role: Role): BreakerKey {
  return { role, kind: breakerKind(cause) };
}

/** All as they are, but for that one. */
export function withBreaker(breakers: Breakers, { role, kind }: BreakerKey, breaker: Breaker): Breakers {
  return { ...breakers, [role]: { ...breakers[role], [kind]: breaker } };
}

/** An engine has come up: so can all of its role, whatever they are brought up for. */
export function withEngineUp(breakers: Breakers, { role, kind }: BreakerKey, at: Instant): Breakers {
  const other = kind === 'general' ? 'replacement' : 'general';
  const closed =
    breakers[role][other].openedAt === null
      ? breakers
      : withBreaker(breakers, { role, kind: other }, reset(breakers[role][other]));
  return withBreaker(closed, { role, kind }, withSuccess(breakers[role][kind], at));
}

/** As if nothing had failed. */
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
