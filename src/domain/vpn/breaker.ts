import type { Instant, Role } from '../engine';
import type { BreakerSettings } from '../settings';

/** `general`: for additional engines; `replacement`: for engines that take the place of another. */
export type BreakerKind = 'general' | 'replacement';

/** Names one circuit breaker: each role has one of each kind. */
export interface BreakerKey {
  readonly role: Role;
  readonly kind: BreakerKind;
}

/** The circuit breaker for engines that somebody asks for. */
export const REQUESTED = { role: 'plain', kind: 'general' } as const satisfies BreakerKey;

/** A circuit breaker, as queries answer it. */
export interface BreakerView extends BreakerSettings {
  /** In a row. */
  readonly failures: number;
  readonly lastFailureAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** When one engine may be tried; null: the breaker is closed, and any engine may. */
  readonly trialAt: Instant | null;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export function breakerState(trialAt: BreakerView['trialAt'], now: Instant): BreakerState {
  if (trialAt === null) return 'closed';
  return now < trialAt ? 'open' : 'half_open';
}
