import type { EngineRef, Instant } from '../../../domain/engine';
import { label, replacementLabel } from '../../../domain/names';
import type { AttemptFailed, Replacement, ReplacementEnded } from '../../../domain/replacement';
import type { Effect } from '../act/effect';
import { breakerKey, withBreaker, withFailure } from '../decide/breaker';
import { numbered, senderOf } from '../replacements';
import type { VpnState } from '../state';
import { without } from './container-reports';
import { containersReported, engineStopped } from './engine-reports';
import { endStreamsOfGoneEngines } from './stream-reports';
import { avoiding, mayMove } from './taken-ports';

// Takes what replacements report of themselves into the state.

const FORMER_INCARNATIONS_AT_MOST = 20;

/** A replacement of a former incarnation of this workflow has reported something. */
export function noteFormerIncarnation(state: VpnState, incarnation: string): void {
  const { formerIncarnations, rival } = state.data;
  if (formerIncarnations.includes(incarnation)) return;
  state.update({
    formerIncarnations: [...formerIncarnations, incarnation].slice(-FORMER_INCARNATIONS_AT_MOST),
    rival: rival?.incarnation === incarnation ? null : rival,
  });
  state.raise();
}

/**
 * An attempt of a replacement has failed. An engine that somebody asked for is not tried again: it would hold up others, and the
 * caller can ask again.
 */
export function attemptFailed(state: VpnState, message: AttemptFailed, now: Instant): Effect | null {
  const found = senderOf(state.data, message);
  if (found?.state !== 'running') return null;
  const { failedAttempts, error: lastError, taken } = message;
  const { made, target, cause } = found;
  const ofEngine = message.provisioning ? { made: null, taken } : {};
  const replacement = state.change(found, { failedAttempts, lastError, ...ofEngine });
  countAttempts(state, found, failedAttempts, now);
  if (!message.provisioning) return null;
  // The replacement has removed the container before it reported this.
  if (made !== null && target !== null)
    state.emit({ kind: 'engine stopped', engine: { ...made, p2pPort: target.p2pPort }, cause }, now);
  if (message.countsForBreaker) countFailure(state, replacement, now);
  if (taken) state.update(avoiding(state.data, taken.ports, target, now));
  if (taken) state.raise();
  const moves = taken !== null && mayMove(target);
  if (cause !== 'requested' || target === null || moves) return null;
  state.raise();
  return { kind: 'abandon', replacement: state.change(replacement, { target: null }) };
}

function countAttempts(state: VpnState, { cause, failedAttempts: before }: Replacement, after: number, now: Instant) {
  if (after > before) state.emit({ kind: 'attempts failed', cause, count: after - before }, now);
}

function countFailure(state: VpnState, { cause, target }: Replacement, now: Instant): void {
  if (!target) return;
  const key = breakerKey(cause, target.role);
  const { breakers, settings } = state.data;
  const breaker = withFailure(breakers[key.role][key.kind], settings.breakers[key.kind], now);
  state.update({ breakers: withBreaker(breakers, key, breaker) });
  if (breaker.openedAt === null) return;
  state.raise();
  state.emit({ kind: 'breaker opened', key, failures: breaker.failures }, now);
}

export function replacementEnded(state: VpnState, message: ReplacementEnded, now: Instant): void {
  const replacement = senderOf(state.data, message);
  if (replacement?.state !== 'running') return;
  // It ended with an earlier target: it does not have the present one.
  if (replacement.target !== null && replacement.target.generation !== message.generation) return;
  // It was told to give its engine up, and had brought it up before the signal came: the engine exists.
  if (replacement.target === null && message.generation !== null) state.raise();
  else released(state, replacement, now);
  const { failedAttempts } = message;
  const whole = numbered(state.data, replacement.number);
  const ended = state.change(whole, { state: 'completed', endedAt: now, failedAttempts });
  countAttempts(state, whole, failedAttempts, now);
  state.emit({ kind: 'replacement completed', replacement: ended }, now);
}

/** The replacement's old engines are gone, and containers that it made in vain, except for those that Docker does not remove. */
function released(state: VpnState, { old, number }: Replacement, now: Instant): void {
  const { snapshot, engines, evicted, sealed, leftOvers, incarnation } = state.data;
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
  const known = new Set([...engines, ...evicted].map((e) => e.id));
  const own = replacementLabel(incarnation, number);
  const inVain = snapshot?.found.filter((e) => e.labels[label.replacement] === own && !known.has(e.id)) ?? [];
  state.update({
    evicted: evicted.filter((e) => !isGone(e)),
    sealed: sealed.filter((id) => !isGone({ id })),
    snapshot: snapshot && without(snapshot, new Set([...removed, ...inVain].map((e) => e.id))),
  });
  endStreamsOfGoneEngines(state, now);
}

/** The replacement's workflow does not exist any more. The next snapshot shows what it has left. */
export function replacementLost(state: VpnState, number: number, now: Instant): void {
  const replacement = state.data.replacements.find((r) => r.number === number);
  if (replacement?.state !== 'running') return;
  state.raise();
  const lost = state.change(replacement, { state: 'lost', endedAt: now });
  state.emit({ kind: 'replacement lost', replacement: lost }, now);
}
