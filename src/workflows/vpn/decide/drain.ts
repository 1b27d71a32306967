import type { ContainerId, EngineRef } from '../../../domain/engine';
import { startedBefore } from '../../../domain/vpn/observation';
import { isLossOfNetwork, type Cause, type Leave } from '../../../domain/replacement';
import { busyEngines } from '../../../domain/streams/stream';
import type { VpnData } from '../data';

const ENGINE_IS_DEAD: readonly Cause[] = ['engine died', 'engine missing'];

/**
 * For how long engines that are released for this cause may finish their streams, in ms; 0: not at all. The `leave` of a replacement may
 * extend that.
 */
export function drainMs({ settings }: VpnData, cause: Cause): number {
  return ENGINE_IS_DEAD.includes(cause) || isLossOfNetwork(cause) ? 0 : settings.drainMs;
}

/** Old engines with streams that they may finish. An engine that is dead or has lost its network has none. */
export function draining(data: VpnData, cause: Cause, old: readonly EngineRef[], leave: Leave): ContainerId[] {
  if (leave === 'never' && drainMs(data, cause) === 0) return [];
  const { snapshot } = data;
  const busy = busyEngines(data);
  const lost = snapshot?.engines.filter((e) => !e.running || startedBefore(e.startedAt, snapshot.vpn)).map((e) => e.id);
  return old.map((e) => e.id).filter((id) => lost?.includes(id) !== true && busy.has(id));
}
