import type { ContainerId } from '../../domain/engine';
import { condition, introduced, isHealthy, type PortReading, type Sight } from '../../domain/vpn/observation';
import type { DockerLook } from '../docker/look';
import type { ObserveInput } from './messages';
import type { VpnMemory } from './vpn-memory';

/** Puts an observation together from the last answers of Docker, the control server and the engines. */
export function sightOf(
  look: DockerLook,
  memory: VpnMemory,
  port: PortReading,
  { accounted, busy }: Pick<ObserveInput, 'accounted' | 'busy'>,
): Sight {
  const engines = look.engines.map((e) => ({ ...e, health: memory.health.health(e.id) }));
  const withheld = withheldOf(look, memory).filter((id) => !busy.evicted.includes(id));
  return {
    kind: 'sight',
    at: look.at,
    vpn: look.vpn,
    liveEngines: memory.liveEngines,
    port,
    ...(memory.confirmedIp === null ? {} : { publicIp: memory.confirmedIp }),
    engines: engines.map(condition),
    ...introduced(engines, accounted, busy),
    ...(withheld.length === 0 ? {} : { withheld }),
    imagePresent: look.imagePresent,
  };
}

/** Engines that run according to Docker, but to which no client should be sent. */
function withheldOf({ engines, vpn }: DockerLook, { health, doubt }: VpnMemory): ContainerId[] {
  if (!isHealthy(vpn)) return [];
  const isGone = doubt.isGone(performance.now());
  return engines
    .filter((e) => e.running && health.health(e.id) !== 'unknown' && (isGone || health.isSilent(e.id)))
    .map((e) => e.id);
}
