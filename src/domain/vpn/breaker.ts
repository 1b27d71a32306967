import type { Instant, Role } from '../engine';
import type { BreakerSettings } from '../settings';

/** `general`: engines that are wanted anew; `replacement`: those in the place of another. */
export type BreakerKind = 'general' | 'replacement';

/** Names one circuit breaker: each role has its own. */
export interface BreakerKey {
  readonly role: Role;
  readonly kind: BreakerKind;
}

/** The one that guards engines that somebody asks for. */
export const REQUESTED = { role: 'plain', kind: 'general' } as const satisfies BreakerKey;

/** A circuit breaker for those who look at it. */
export interface BreakerView extends BreakerSettings {
  /** In a row. */
  readonly failures: number;
  readonly lastFailureAt: Instant | null;
  readonly lastSuccessAt: Instant | null;
  /** When one engine may be tried; null: it is closed, and any may. */
  readonly trialAt: Instant | null;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export function breakerState(trialAt: BreakerView['trialAt'], now: Instant): BreakerState {
  if (trialAt === null) return 'closed';
  return now < trialAt ? 'open' : 'half_open';
}
