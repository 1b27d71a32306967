import type { EngineRef } from '../domain/engine';
import type { Replacement } from '../domain/replacement';
import { unfinishedTargets, type VpnData } from './vpn-data';

// An engine that someone removes while it still boots: its replacement gives it up.

export interface Unborn {
  readonly replacement: Replacement;
  readonly engine: EngineRef;
}

/** The engine that has a container and has not answered yet, and the replacement that brings it up. */
export function unbornEngine(data: VpnData, idOrName: string): Unborn | undefined {
  for (const replacement of unfinishedTargets(data)) {
    const { made, target } = replacement;
    if (made === null || target === null || (made.id !== idOrName && made.name !== idOrName)) continue;
    const { role, httpPort, httpsPort, p2pPort } = target;
    return { replacement, engine: { ...made, role, httpPort, httpsPort, p2pPort } };
  }
  return undefined;
}
