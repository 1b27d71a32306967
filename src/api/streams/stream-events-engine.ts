import type { ContainerId, Port } from '../../domain/engine';

/** An engine that Portward manages, listed or not: an engine that is being released still has its streams. */
export interface KnownEngine {
  readonly vpn: string;
  readonly id: ContainerId;
  readonly name: string;
  readonly httpPort: Port;
}

export interface NamedEngine {
  readonly host: string;
  readonly port: number;
  /** Proxies often send a setting of their own here that names no container of Portward's. */
  readonly containerId: string | null;
}

/** The length of Docker's short ids. */
const SHORT_ID_LENGTH = 12;

/**
 * The engine that a proxy's report means. VPNs have port ranges that do not overlap, so the port is enough, whatever host name the proxy
 * uses. If two engines have the same port all the same, the host or the container decides.
 * @param engines listed engines first
 */
export function engineOfEvent(named: NamedEngine, engines: readonly KnownEngine[]): KnownEngine | null {
  const { containerId } = named;
  const onPort = engines.filter((e) => e.httpPort === named.port);
  const candidates = onPort.length > 0 ? onPort : engines;
  const byContainer = containerId === null ? undefined : candidates.find((e) => isNamed(e, containerId));
  return onPort.find((e) => e.vpn === named.host) ?? byContainer ?? onPort[0] ?? null;
}

/** Whether the text is the container's id, at least the first 12 characters of its id, or its name. */
export function isNamed({ id, name }: Pick<KnownEngine, 'id' | 'name'>, idOrName: string): boolean {
  return id === idOrName || name === idOrName || (idOrName.length >= SHORT_ID_LENGTH && id.startsWith(idOrName));
}
