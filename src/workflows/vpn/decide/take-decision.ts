import type { Instant, Port } from '../../../domain/engine';
import type { Cause, Replacement } from '../../../domain/replacement';
import type { Effect } from '../act/effect';
import { hasUsableSnapshot, runningReplacements, unfinishedTargets } from '../data';
import { aged, standsAside } from '../observe/rival';
import { endStreamsOfGoneEngines } from '../observe/stream-reports';
import { avoidedAt } from '../observe/taken-ports';
import { poolState } from '../pool-state';
import { movedTarget, numbered } from '../replacements';
import { isForwardedPortTaken } from '../requests/provisioning-allowance';
import { giveUp, pendingEngines } from '../requests/removal';
import type { VpnState } from '../state';
import { decide, type Action } from './decide';
import { draining } from './drain';
import { PortRangeUsedUp } from './ports';
import { actedOn } from './backoff';
import { begun, type Remedy } from './remedies';

/** Decides, and takes the decision into the state. The caller carries out the effects. */
export function takeDecision(state: VpnState, now: Instant): { effects: Effect[]; wakeAt: Instant | null } {
  state.update(avoidedAt(state.data, now));
  countSurplus(state, now);
  const { rival } = state.data;
  if (rival) state.update({ rival: aged(rival, state.data, now) });
  const effects: Effect[] = [...standAside(state, now), ...drains(state), ...leaves(state, now)];
  const { actions, wakeAt, undone } = decide(state.data, now);
  if (undone !== undefined) noteUndone(state, undone, now);
  // Done only by a decision that knows every engine. While an engine is being brought up, none is surplus.
  const isDone = hasUsableSnapshot(state.data) && unfinishedTargets(state.data).length === 0;
  if (state.data.collecting && isDone) state.update({ collecting: false });
  let again = wakeAt;
  for (const action of actions) {
    try {
      effects.push(take(state, action, now));
    } catch (error) {
      if (!(error instanceof PortRangeUsedUp)) throw error;
      state.update({ rangeUsedUp: error.message });
      // A port comes free when an engine ends, so it is decided again after a while.
      again = Math.min(again ?? Infinity, now + state.data.settings.checkIntervalMs);
    }
  }
  return { effects, wakeAt: again };
}

/** Another Portward acts: pending engines of this one are given up, since they would be in its way. */
function standAside(state: VpnState, now: Instant): Effect[] {
  if (!standsAside(state.data)) return [];
  return pendingEngines(state.data).flatMap((pending) => giveUp(state, pending, now).effect ?? []);
}

function noteUndone(state: VpnState, undone: boolean, now: Instant): void {
  const { rival } = state.data;
  const idleSince = undone ? (rival?.idleSince ?? now) : null;
  if (rival && rival.idleSince !== idleSince) state.update({ rival: { ...rival, idleSince } });
}

function countSurplus(state: VpnState, now: Instant): void {
  const { engines = 0, target = 0 } = poolState(state.data, now) ?? {};
  const { surplusSince, toAdd } = state.data;
  const since = engines > target ? (surplusSince ?? now) : null;
  if (since !== surplusSince) state.update({ surplusSince: since });
  if (toAdd > 0 && toAdd > target - engines) state.update({ toAdd: Math.max(0, target - engines) });
}

/** Tells replacements which of their old engines have streams to finish. */
function drains(state: VpnState): Effect[] {
  return runningReplacements(state.data).flatMap((replacement): Effect[] => {
    const { cause, old, leave } = replacement;
    const engines = draining(state.data, cause, old, leave);
    if (engines.join() === replacement.draining.join()) return [];
    return [{ kind: 'draining', replacement: state.change(replacement, { draining: engines }), engines }];
  });
}

/** Gives replacements leave to stop idle engines. From then on no stream begins on these. */
function leaves(state: VpnState, now: Instant): Effect[] {
  return runningReplacements(state.data).flatMap((replacement): Effect[] => {
    const { leaveAsked, draining: busy } = replacement;
    const engines = leaveAsked.filter((id) => !busy.includes(id));
    if (engines.length === 0) return [];
    const left = leaveAsked.filter((id) => busy.includes(id));
    const { sealed } = state.data;
    state.update({ sealed: [...sealed, ...engines.filter((id) => !sealed.includes(id))] });
    endStreamsOfGoneEngines(state, now);
    return [{ kind: 'leave', replacement: state.change(replacement, { leaveAsked: left }), engines }];
  });
}

function take(state: VpnState, action: Action, now: Instant): Effect {
  switch (action.kind) {
    case 'replace': {
      const { cause, old, reason = null } = action;
      const bringUp = action.bringUp && { p2pPort: null, ...action.bringUp };
      const replacement = state.begin({ cause, old, bringUp, reason }, now);
      countActedOn(state, cause, now);
      return { kind: 'start', replacement };
    }
    case 'retarget':
      return retarget(state, numbered(state.data, action.number), action.p2pPort, now);
    case 'hold': {
      const { until } = action;
      const replacement = state.change(numbered(state.data, action.number), { heldUntil: until });
      return { kind: 'hold', replacement, until };
    }
    case 'remedy': {
      const remedy: Remedy = { ...action.remedy, startedAt: now };
      state.update({ remedies: begun(state.data.remedies, remedy) });
      state.raise();
      state.emit({ kind: 'remedy begun', remedy }, now);
      return { kind: 'remedy', remedy };
    }
  }
}

/** Counts the replacement for the backoff. */
function countActedOn(state: VpnState, cause: Cause, now: Instant): void {
  const { portChanges, reconnects, reconnectedAt } = state.data;
  if (cause === 'port changed') state.update({ portChanges: actedOn(portChanges, now) });
  if (cause === 'VPN reconnected' && reconnects.lastActed < (reconnectedAt ?? 0))
    state.update({ reconnects: actedOn(reconnects, now) });
}

function retarget(state: VpnState, replacement: Replacement, p2pPort: Port | null, now: Instant): Effect {
  const target = movedTarget(state.data, replacement, p2pPort);
  const hasMoved = p2pPort !== replacement.target?.p2pPort;
  if (hasMoved) countActedOn(state, 'port changed', now);
  state.advance();
  const taken = hasMoved || !isForwardedPortTaken(replacement) ? null : replacement.taken;
  const retargeted = state.change(replacement, { target, made: null, taken });
  state.emit({ kind: 'replacement retargeted', replacement: retargeted, target }, now);
  return { kind: 'retarget', replacement: retargeted, target };
}
