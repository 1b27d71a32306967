import { engineRef, type EngineRef, type Instant } from '../../../domain/engine';
import { engineName } from '../../../domain/names';
import type { Replacement, Target } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import { findEngine, unfinishedTargets, type VpnData } from '../data';
import { releasedBy } from '../replacements';
import type { VpnState } from '../state';

// Removal of engines that somebody asks for. A pending engine is given up by its replacement.

/** Removes an engine. If too few are left, another one is brought up later. @throws Error where there is no such engine */
export function remove(state: VpnState, idOrName: string, now: Instant): Begun {
  const { data } = state;
  const engine = findEngine(data, idOrName);
  const joined = engine ? undefined : releasedBy(data, idOrName);
  if (joined) return { replacement: joined, effect: null };
  const pending = engine ? undefined : pendingEngine(data, idOrName);
  if (pending) return giveUp(state, pending, now);
  if (!engine) throw new Error(`no engine '${idOrName}' on VPN '${data.settings.vpn}'`);
  const replacement = state.begin({ cause: 'removed', old: [engineRef(engine)], bringUp: null }, now);
  return { replacement, effect: { kind: 'start', replacement } };
}

/** Has the replacement give up a pending engine. Its container counts as evicted until the replacement has removed it. */
export function giveUp(state: VpnState, { replacement, target, engine }: PendingEngine, now: Instant): Begun {
  if (engine !== null) {
    state.update({ evicted: [...state.data.evicted, engine] });
    state.emit({ kind: 'engine evicted', engine, cause: 'removed' }, now);
  }
  state.raise();
  const old = engine === null ? replacement.old : [...replacement.old, engine];
  const { role, httpPort, httpsPort } = target;
  const abandoned = state.change(replacement, { target: null, old, givenUp: { role, httpPort, httpsPort } });
  state.emit({ kind: 'engine given up', replacement: abandoned }, now);
  return { replacement: abandoned, effect: { kind: 'abandon', replacement: abandoned } };
}

export interface PendingEngine {
  readonly replacement: Replacement;
  readonly target: Target;
  /** Null: no container of it is known. */
  readonly engine: EngineRef | null;
}

export function pendingEngines(data: VpnData): PendingEngine[] {
  return unfinishedTargets(data).flatMap((replacement) => {
    const { made, target } = replacement;
    if (target === null) return [];
    const { role, httpPort, httpsPort, p2pPort } = target;
    return [{ replacement, target, engine: made && { ...made, role, httpPort, httpsPort, p2pPort } }];
  });
}

/** The pending engine of that id or name. Its name is known even before it has a container. */
export function pendingEngine(data: VpnData, idOrName: string): PendingEngine | undefined {
  return pendingEngines(data).find(({ replacement: { made, number }, target: { role, generation } }) =>
    [made?.id, engineName(role, data.settings.vpn, data.incarnation, number, generation)].includes(idOrName),
  );
}
