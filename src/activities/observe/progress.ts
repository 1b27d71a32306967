import type { ContainerId, Instant } from '../../domain/engine';
import { isHealthy } from '../../domain/vpn/observation';
import { resolve, type Reach } from '../../clients/docker/reach/reach';
import type { Whereabouts } from '../streams/stream-collector';
import type { DockerSnapshot } from '../docker/snapshot';
import type { DockerWatch } from '../docker/watch';
import type { ObserveProgress } from './messages';
import type { VpnMemory } from './vpn-memory';

/** Details of the next heartbeat. @param before what they say until the first snapshot */
export function progressOf(
  docker: Pick<DockerWatch, 'snapshot' | 'latest'>,
  memory: VpnMemory,
  before: { readonly begun: Instant; readonly seenAt: Instant | null },
): ObserveProgress {
  const checkedEngines: Record<string, number> = {};
  for (const { id } of docker.snapshot?.engines ?? []) {
    const at = memory.health.lastCheck(id);
    if (at !== null) checkedEngines[id] = at;
  }
  const streams = memory.streams.records();
  return {
    checkedAt: docker.latest?.at ?? before.begun,
    seenAt: memory.seenAt ?? before.seenAt,
    checkedEngines,
    publicIp: memory.publicIp,
    portRead: memory.portRead,
    ...(Object.keys(streams).length > 0 ? { streams } : {}),
  };
}

/** Where the engine of a stream can be asked, if it can. */
export function whereabouts(id: ContainerId, snapshot: DockerSnapshot | null, reach: Reach): Whereabouts {
  if (!snapshot?.details || !isHealthy(snapshot.vpn)) return { kind: 'unknown' };
  const engine = snapshot.engines.find((e) => e.id === id);
  if (!engine?.running || engine.networkOf !== snapshot.details.Id) return { kind: 'gone' };
  try {
    return { kind: 'there', endpoint: resolve(reach, snapshot.details, engine.httpPort) };
  } catch {
    return { kind: 'unknown' };
  }
}
