import type { EngineRef } from '../../../domain/engine';
import { engineName } from '../../../domain/names';
import type { Replacement, Target } from '../../../domain/replacement';
import { unfinishedTargets, type VpnData } from '../data';

// An engine that someone removes while it still boots: its replacement gives it up.

export interface Unborn {
  readonly replacement: Replacement;
  readonly target: Target;
  /** Null: it has no container that is known of. */
  readonly engine: EngineRef | null;
}

export function unbornEngines(data: VpnData): Unborn[] {
  return unfinishedTargets(data).flatMap((replacement) => {
    const { made, target } = replacement;
    if (target === null) return [];
    const { role, httpPort, httpsPort, p2pPort } = target;
    return [{ replacement, target, engine: made && { ...made, role, httpPort, httpsPort, p2pPort } }];
  });
}

/** The engine that has not answered yet, and the replacement that brings it up. One without a container has a name all the same. */
export function unbornEngine(data: VpnData, idOrName: string): Unborn | undefined {
  return unbornEngines(data).find(({ replacement: { made, number }, target: { role, generation } }) =>
    [made?.id, engineName(role, data.settings.vpn, data.lineage, number, generation)].includes(idOrName),
  );
}
