import type { EngineRef, Instant } from '../../../domain/engine';
import { label, replacementLabel } from '../../../domain/names';
import type { AttemptFailed, Replacement, ReplacementEnded } from '../../../domain/replacement';
import type { BreakerKey } from '../../../domain/vpn/breaker';
import type { Effect } from '../act/effect';
import { breakerKey, withBreaker, withFailure } from '../decide/breaker';
import { numbered, senderOf } from '../replacements';
import { engineNews } from '../report/news';
import type { VpnState } from '../state';
import { without } from './container-reports';
import { containersReported, engineStopped } from './engine-reports';
import { endStreamsOfGoneEngines } from './stream-reports';
import { avoiding, mayMove } from './taken-ports';

// What replacements report of themselves, taken into the state.

const FORMER_LIVES_AT_MOST = 20;

/** A replacement of a former life of this workflow has reported something. */
export function heardFrom(state: VpnState, lineage: string): void {
  const { formerLives, rival } = state.data;
  if (formerLives.includes(lineage)) return;
  state.update({
    formerLives: [...formerLives, lineage].slice(-FORMER_LIVES_AT_MOST),
    rival: rival?.lineage === lineage ? null : rival,
  });
  state.raise();
}

/**
 * An engine that somebody asked for and that does not come up is not tried again: it would be in the way of others, and
 * whoever wants it asks again.
 * @returns the circuit breaker that it has opened, or opened again
 */
export function attemptFailed(
  state: VpnState,
  message: AttemptFailed,
  now: Instant,
): { opened: BreakerKey | null; effect: Effect | null } {
  const found = senderOf(state.data, message);
  if (found?.state !== 'running') return { opened: null, effect: null };
  const { failedAttempts, error: lastError, taken } = message;
  if (!message.provisioning) {
    state.change(found, { failedAttempts, lastError });
    return { opened: null, effect: null };
  }
  // Its container has been removed by then.
  if (found.made !== null && found.target !== null)
    state.tell(engineNews('engine_stopped', { ...found.made, p2pPort: found.target.p2pPort }, found.cause), now);
  const replacement = state.change(found, { failedAttempts, lastError, made: null, taken });
  const opened = message.countsForBreaker ? countFailure(state, replacement, now) : null;
  if (taken) state.update(avoiding(state.data, taken.ports, replacement.target, now));
  if (taken) state.raise();
  const moves = taken !== null && mayMove(replacement.target);
  if (replacement.cause !== 'requested' || replacement.target === null || moves) return { opened, effect: null };
  state.raise();
  return { opened, effect: { kind: 'abandon', replacement: state.change(replacement, { target: null }) } };
}

function countFailure(state: VpnState, { cause, target }: Replacement, now: Instant): BreakerKey | null {
  if (!target) return null;
  const key = breakerKey(cause, target.role);
  const { breakers, settings } = state.data;
  const breaker = withFailure(breakers[key.role][key.kind], settings.breakers[key.kind], now);
  state.update({ breakers: withBreaker(breakers, key, breaker) });
  if (breaker.openedAt === null) return null;
  state.raise();
  return key;
}

export function replacementEnded(state: VpnState, message: ReplacementEnded, now: Instant): Replacement | null {
  const replacement = senderOf(state.data, message);
  if (replacement?.state !== 'running') return null;
  // One that was told to give its engine up may have brought it up before it heard.
  if (replacement.target !== null && replacement.target.generation !== message.generation) return null;
  // Then that engine is there, though the replacement was to release it.
  if (replacement.target === null && message.generation !== null) state.raise();
  else released(state, replacement, now);
  const whole = numbered(state.data, replacement.number);
  return state.change(whole, { state: 'completed', endedAt: now, failedAttempts: message.failedAttempts });
}

/** Its old engines are gone, and those that it has made in vain, except for what Docker does not remove. */
function released(state: VpnState, { old, number }: Replacement, now: Instant): void {
  const { sight, engines, evicted, sealed, leftOvers, lineage } = state.data;
  const left = new Set(leftOvers.map((e) => e.id));
  const removed = old.filter((e) => !left.has(e.id));
  const isGone = ({ id }: Pick<EngineRef, 'id'>) => removed.some((e) => e.id === id);
  const gone = evicted.filter(isGone);
  containersReported(
    state,
    gone.map((e) => e.id),
    false,
  );
  for (const engine of gone) engineStopped(state, engine, now);
  const told = new Set([...engines, ...evicted].map((e) => e.id));
  const own = replacementLabel(lineage, number);
  const inVain = sight?.found.filter((e) => e.labels[label.replacement] === own && !told.has(e.id)) ?? [];
  state.update({
    evicted: evicted.filter((e) => !isGone(e)),
    sealed: sealed.filter((id) => !isGone({ id })),
    sight: sight && without(sight, new Set([...removed, ...inVain].map((e) => e.id))),
  });
  endStreamsOfGoneEngines(state, now);
}

/** The replacement's workflow is not there any more: what it left is found by the next look. */
export function replacementLost(state: VpnState, number: number, now: Instant): void {
  const replacement = state.data.replacements.find((r) => r.number === number);
  if (replacement?.state !== 'running') return;
  state.raise();
  state.change(replacement, { state: 'lost', endedAt: now });
}
