import type { Instant } from '../domain/engine';
import type { Cause } from '../domain/replacement';
import type { BreakerSettings } from '../domain/settings';

// Engines that can't be brought up several times in a row are left for a while: what is wrong with their image or
// their host is not mended by trying, and each try costs a container. Docker or a VPN that is away does not count.

/** `general`: engines that are wanted anew; `replacement`: those in the place of another. */
export type BreakerKind = 'general' | 'replacement';

export interface Breaker {
  /** In a row. */
  readonly failures: number;
  readonly lastFailureAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** When it was opened, or opened again by a trial that failed. */
  readonly openedAt: Instant | null;
}

export type Breakers = Readonly<Record<BreakerKind, Breaker>>;

export const closedBreaker: Breaker = { failures: 0, lastFailureAt: null, lastSuccessAt: null, openedAt: null };
export const closedBreakers: Breakers = { general: closedBreaker, replacement: closedBreaker };

export function breakerKind(cause: Cause): BreakerKind {
  return ['first engine', 'scaled up', 'requested'].includes(cause) ? 'general' : 'replacement';
}

export function withFailure(breaker: Breaker, settings: BreakerSettings, at: Instant): Breaker {
  const failures = breaker.failures + 1;
  const opens = breaker.openedAt !== null || failures >= settings.threshold;
  return { ...breaker, failures, lastFailureAt: at, openedAt: opens ? at : null };
}

export function withSuccess(breaker: Breaker, at: Instant): Breaker {
  return { ...breaker, failures: 0, lastSuccessAt: at, openedAt: null };
}
