import type { EngineRef } from '../../domain/engine';
import { derivedLabels } from '../../domain/labels';
import type { EngineView, VpnStatusView } from '../../domain/vpn/status-view';
import type { ContainerJson } from '../schemas/provisioning';

// The containers that Portward manages, as workflows know them: the API has no Docker.

/** Of an id, so many characters of its beginning are as good as the whole, as in Docker's own command line. */
const ID_PREFIX_AT_LEAST = 6;

export interface ManagedContainer {
  readonly vpn: string;
  /**
   * `removable`: an engine; `leaving`: it is being let go already; `booting`: its engine has not answered yet; `coming`: it
   * has not been made yet, or not heard of, and is known by its name alone.
   */
  readonly stage: 'removable' | 'leaving' | 'booting' | 'coming';
  readonly json: ContainerJson;
}

/** @param containerLabel `name=value`, marks the containers that are ours */
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
  if (phase === 'pending') return isMade ? 'booting' : 'coming';
  return phase === 'draining' || phase === 'leaving' ? 'leaving' : 'removable';
}

function portsOf({ httpPort, httpsPort, p2pPort }: EngineRef): Record<string, null> {
  const tcp = [httpPort, httpsPort, p2pPort].filter((port) => port !== null).map((port) => [`${port}/tcp`, null]);
  return Object.fromEntries(p2pPort === null ? tcp : [...tcp, [`${p2pPort}/udp`, null]]) as Record<string, null>;
}

/** By id, name, or the beginning of an id if that says which one. */
export function findContainer(all: readonly ManagedContainer[], idOrName: string): ManagedContainer | undefined {
  const exact = all.find(({ json }) => json.id === idOrName || json.name === idOrName);
  if (exact || idOrName.length < ID_PREFIX_AT_LEAST) return exact;
  const beginning = all.filter(({ stage, json }) => stage !== 'coming' && json.id.startsWith(idOrName));
  return beginning.length === 1 ? beginning[0] : undefined;
}
