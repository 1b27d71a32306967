import type { Instant } from '../domain/engine';
import type { Replacement } from '../domain/replacement';
import { breakerKind, type BreakerKind } from './breaker';
import { unfinishedTargets, type VpnData } from './vpn-data';

// What a circuit breaker lets be tried, and when.

/** Held until a trial has succeeded. */
const UNTIL_TOLD: Instant = 8_640_000_000_000_000;

/** When one engine may be tried; null while any may. */
export function trialAt(data: VpnData, kind: BreakerKind): Instant | null {
  const { openedAt } = data.breakers[kind];
  return openedAt === null ? null : openedAt + data.settings.breakers[kind].recoveryMs;
}

export function breakerState(data: VpnData, kind: BreakerKind, now: Instant): 'closed' | 'open' | 'half_open' {
  const trial = trialAt(data, kind);
  if (trial === null) return 'closed';
  return now < trial ? 'open' : 'half_open';
}

/** How many more engines may be begun now. */
export function allowance(data: VpnData, kind: BreakerKind, now: Instant): number {
  const state = breakerState(data, kind, now);
  if (state === 'closed') return Infinity;
  // The one that is at work already is the trial.
  const atWork = unfinishedTargets(data).some((r) => breakerKind(r.cause) === kind);
  return state === 'half_open' && !atWork ? 1 : 0;
}

/** Until when an unfinished replacement must not try again: one of them is the next trial. */
export function heldUntil(data: VpnData, replacement: Replacement): Instant | null {
  const kind = breakerKind(replacement.cause);
  const trial = trialAt(data, kind);
  if (trial === null) return null;
  const rivals = unfinishedTargets(data).filter((r) => breakerKind(r.cause) === kind);
  const first = rivals.find((r) => r.target?.role === 'forwarded') ?? rivals[0];
  return first === undefined || first.number === replacement.number ? trial : UNTIL_TOLD;
}
