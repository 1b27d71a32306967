import type { ContainerId, Port } from '../../domain/engine';

/** An engine of ours, listed or not: one that is being let go still has its streams. */
export interface KnownEngine {
  readonly vpn: string;
  readonly id: ContainerId;
  readonly name: string;
  readonly httpPort: Port;
}

export interface NamedEngine {
  readonly host: string;
  readonly port: number;
  /** Often the proxy's own setting, and no container of ours. */
  readonly containerId: string | null;
}

/** Docker's short form of an id. */
const SHORT_ID_LENGTH = 12;

/**
 * The engine that a proxy speaks of. Its port says which, under whatever host the proxy knows it: VPNs have port ranges
 * that do not overlap. Only where two have the same port all the same, the host or the container decides.
 * @param engines listed ones first
 */
export function engineOfEvent(named: NamedEngine, engines: readonly KnownEngine[]): KnownEngine | null {
  const { containerId } = named;
  const there = engines.filter((e) => e.httpPort === named.port);
  const choose = there.length > 0 ? there : engines;
  const byContainer = containerId === null ? undefined : choose.find((e) => isNamed(e, containerId));
  return there.find((e) => e.vpn === named.host) ?? byContainer ?? there[0] ?? null;
}

/** By id, its short form, or name. */
export function isNamed({ id, name }: Pick<KnownEngine, 'id' | 'name'>, idOrName: string): boolean {
  return id === idOrName || name === idOrName || (idOrName.length >= SHORT_ID_LENGTH && id.startsWith(idOrName));
}
