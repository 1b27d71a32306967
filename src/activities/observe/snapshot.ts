import type { ContainerId } from '../../domain/engine';
import { condition, isHealthy, type PortReading, type Snapshot } from '../../domain/vpn/observation';
import { introduced } from '../../domain/vpn/reported';
import type { DockerSnapshot } from '../docker/snapshot';
import type { ObserveInput } from './messages';
import type { VpnMemory } from './vpn-memory';

/** Puts an observation together from the last answers of Docker, the control server and the engines. */
export function snapshotOf(
  docker: DockerSnapshot,
  memory: VpnMemory,
  port: PortReading,
  { accounted, busy }: Pick<ObserveInput, 'accounted' | 'busy'>,
): Snapshot {
  const engines = docker.engines.map((e) => ({ ...e, health: memory.health.health(e.id) }));
  const withheld = withheldOf(docker, memory).filter((id) => !busy.evicted.includes(id));
  return {
    kind: 'snapshot',
    at: docker.at,
    vpn: docker.vpn,
    liveEngines: memory.liveEngines,
    port,
    ...(memory.confirmedIp === null ? {} : { publicIp: memory.confirmedIp }),
    engines: engines.map(condition),
    ...introduced(engines, accounted, busy),
    ...(withheld.length === 0 ? {} : { withheld }),
    imagePresent: docker.imagePresent,
  };
}

/** Engines that run according to Docker, but to which no client should be sent. */
function withheldOf({ engines, vpn }: DockerSnapshot, { health, doubt }: VpnMemory): ContainerId[] {
  if (!isHealthy(vpn)) return [];
  const isGone = doubt.isGone(performance.now());
  return engines
    .filter((e) => e.running && health.health(e.id) !== 'unknown' && (isGone || health.isSilent(e.id)))
    .map((e) => e.id);
}
