import { engineRef, type EngineRef, type Instant } from '../../../domain/engine';
import { engineName } from '../../../domain/names';
import type { Replacement, Target } from '../../../domain/replacement';
import type { Begun } from '../act/effect';
import { findEngine, unfinishedTargets, type VpnData } from '../data';
import { releasedBy } from '../replacements';
import type { VpnState } from '../state';

// Engines that somebody removes. One that still boots is given up by its replacement.

/** Removes an engine that somebody does not want. What is lacking then is made up for. @throws Error when there is none */
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

/** Nobody waits for that engine any more. It is evicted like any other until its replacement has discarded it. */
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
  /** Null: it has no container that is known of. */
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

/** The engine that has not answered yet, and the replacement that brings it up. One without a container has a name all the same. */
export function pendingEngine(data: VpnData, idOrName: string): PendingEngine | undefined {
  return pendingEngines(data).find(({ replacement: { made, number }, target: { role, generation } }) =>
    [made?.id, engineName(role, data.settings.vpn, data.lineage, number, generation)].includes(idOrName),
  );
}
