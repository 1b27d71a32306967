import type { ContainerId, EngineRef } from '../domain/engine';
import { startedBefore } from '../domain/observation';
import { isLossOfNetwork, type Cause } from '../domain/replacement';
import { startedOn } from './streams';
import type { VpnData } from './vpn-data';

const ENGINE_IS_DEAD: readonly Cause[] = ['engine died', 'engine missing'];

/** Streams whose end nobody reports are found and ended much sooner. */
const SURPLUS_DRAIN_MS = 24 * 60 * 60_000;

/** For how long engines that are let go for this cause may finish their streams; 0: not at all. */
export function drainMs({ settings }: VpnData, cause: Cause): number {
  if (ENGINE_IS_DEAD.includes(cause) || isLossOfNetwork(cause)) return 0;
  // It works, and it was idle: a stream on it began while it was being hidden.
  return cause === 'surplus' ? SURPLUS_DRAIN_MS : settings.drainMs;
}

/** Those of them that may finish their streams; one that is dead, or has lost its network, has none. */
export function draining(data: VpnData, cause: Cause, old: readonly EngineRef[]): ContainerId[] {
  if (drainMs(data, cause) === 0) return [];
  const { streams, sight } = data;
  const lost = sight?.engines.filter((e) => !e.running || startedBefore(e.startedAt, sight.vpn)).map((e) => e.id);
  return old.map((e) => e.id).filter((id) => lost?.includes(id) !== true && startedOn(streams, id).length > 0);
}
