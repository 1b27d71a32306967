import type { EngineRef } from '../../domain/engine';
import { derivedLabels } from '../../domain/labels';
import type { EngineView, VpnStatusView } from '../../domain/vpn/status-view';
import type { ContainerJson } from '../schemas/provisioning';

// The containers that Portward manages, as the workflows' status views show them: the API has no access to Docker.

/** An id may be shortened to this many characters, as in Docker's command line. */
const ID_PREFIX_AT_LEAST = 6;

export interface ManagedContainer {
  readonly vpn: string;
  /**
   * `removable`: its engine is in use, or can be; `leaving`: it is being released; `booting`: its engine has not answered yet; `planned`: the container
   * is not known to exist yet, and its id is the name that it will have.
   */
  readonly stage: 'removable' | 'leaving' | 'booting' | 'planned';
  readonly json: ContainerJson;
}

/** @param containerLabel CONTAINER_LABEL, `name=value` */
export function containersOf({ vpn, engines }: VpnStatusView, containerLabel: string): ManagedContainer[] {
  const managed = engines.filter((e) => !e.isGone);
  return managed.map((engine) => ({
    vpn,
    stage: stageOf(engine),
    json: {
      id: engine.id,
      name: engine.name,
      image: engine.image,
      created: engine.createdAt === null ? null : new Date(engine.createdAt).toISOString(),
      status: engine.status,
      labels: { ...derivedLabels(engine, vpn, containerLabel), ...engine.labels },
      ports: portsOf(engine),
    },
  }));
}

function stageOf({ phase, isMade }: EngineView): ManagedContainer['stage'] {
  if (phase === 'pending') return isMade ? 'booting' : 'planned';
  return phase === 'draining' || phase === 'leaving' ? 'leaving' : 'removable';
}

function portsOf({ httpPort, httpsPort, p2pPort }: EngineRef): Record<string, null> {
  const tcp = [httpPort, httpsPort, p2pPort].filter((port) => port !== null).map((port) => [`${port}/tcp`, null]);
  return Object.fromEntries(p2pPort === null ? tcp : [...tcp, [`${p2pPort}/udp`, null]]) as Record<string, null>;
}

/** Finds a container by its id, its name, or an unambiguous beginning of its id. */
export function findContainer(all: readonly ManagedContainer[], idOrName: string): ManagedContainer | undefined {
  const exact = all.find(({ json }) => json.id === idOrName || json.name === idOrName);
  if (exact || idOrName.length < ID_PREFIX_AT_LEAST) return exact;
  const beginning = all.filter(({ stage, json }) => stage !== 'planned' && json.id.startsWith(idOrName));
  return beginning.length === 1 ? beginning[0] : undefined;
}
