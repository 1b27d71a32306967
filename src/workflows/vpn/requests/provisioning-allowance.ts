import { breakerState, type BreakerKey } from '../../../domain/vpn/breaker';
import type { Instant } from '../../../domain/engine';
import type { Replacement } from '../../../domain/replacement';
import { breakerKey } from '../decide/breaker';
import { unfinishedTargets, type VpnData } from '../data';

// Which engines a circuit breaker lets Portward try to bring up, and when.

/** The hold ends only when a trial has succeeded. */
const INDEFINITELY: Instant = 8_640_000_000_000_000;

type Guarded = Pick<VpnData, 'breakers' | 'settings'>;

/** When one engine may be tried; null: the breaker is closed, and any may. */
export function trialAt({ breakers, settings }: Guarded, { role, kind }: BreakerKey): Instant | null {
  const { openedAt } = breakers[role][kind];
  return openedAt === null ? null : openedAt + settings.breakers[kind].recoveryMs;
}

/** How many more engines may be begun now. */
export function allowance(data: VpnData, key: BreakerKey, now: Instant): number {
  const state = breakerState(trialAt(data, key), now);
  if (state === 'closed') return Infinity;
  // A replacement that is under way is the trial.
  return state === 'half_open' && guardedBy(data, key).length === 0 ? 1 : 0;
}

/** Until when an unfinished replacement must not try again; null: it may. One of them is the next trial. */
export function heldUntil(data: VpnData, replacement: Replacement): Instant | null {
  const key = keyOf(replacement);
  const trial = key && trialAt(data, key);
  if (!key || trial === null) return null;
  // They take turns, since one of them may fail for a reason of its own.
  const [next] = guardedBy(data, key).toSorted((a, b) => a.failedAttempts - b.failedAttempts);
  return next === undefined || next.number === replacement.number ? trial : INDEFINITELY;
}

/** Whether its engine will not come up soon: the circuit breaker is not closed, or the forwarded port is taken. */
export function isHeldUp(data: Guarded, replacement: Replacement): boolean {
  const key = keyOf(replacement);
  return isForwardedPortTaken(replacement) || (key !== null && trialAt(data, key) !== null);
}

/** Whether its forwarded port is taken, so that it can't move to another. */
export function isForwardedPortTaken({ target, taken }: Replacement): boolean {
  const port = target?.p2pPort ?? null;
  return port !== null && taken?.ports.includes(port) === true;
}

function keyOf({ cause, target }: Replacement): BreakerKey | null {
  return target && breakerKey(cause, target.role);
}

/** Unfinished replacements that this circuit breaker guards. */
export function guardedBy(data: VpnData, { role, kind }: BreakerKey): Replacement[] {
  return unfinishedTargets(data).filter((r) => {
    const key = keyOf(r);
    return key?.role === role && key.kind === kind;
  });
}
