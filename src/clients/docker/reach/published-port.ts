import { isIPv6 } from 'node:net';
import { isLoopback, isUnspecified } from '../../../lib/addresses';
import type { Port } from '../../../domain/engine';
import type { Endpoint } from '../../engine/engine-api';
import { Unreachable } from './unreachable';

/** Where Docker publishes a container's port; without an address at every address of the Docker host. */
export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/**
 * The endpoint of a published port, as seen from here.
 * @param host the Docker host's address, as seen from here
 * @throws Unreachable
 */
export function publishedEndpoint(
  { container, port, bindings }: { container: string; port: Port; bindings: readonly PortBinding[] },
  host: string,
): Endpoint {
  const reachable = bindings.map((binding) => endpoint(binding, host)).filter((e) => e !== null);
  const [best] = reachable.toSorted((a, b) => rank(a, host) - rank(b, host));
  if (best) return best;
  const found =
    bindings.length === 0
      ? `does not publish port ${port}`
      : `publishes port ${port} at ${bindings[0]?.HostIp} of the Docker host only`;
  throw new Unreachable({
    what: `container '${container}' ${found}, so it can't be reached from here`,
    todo: bindings.length === 0 ? 'publish it' : 'publish it at another address',
  });
}

/** Null for a binding to the loopback address of another machine. */
function endpoint({ HostIp, HostPort }: PortBinding, host: string): Endpoint | null {
  const port = Number(HostPort);
  // Docker binds `::` for IPv6 only.
  if (HostIp === '::' && host === '127.0.0.1') return { host: '::1', port };
  if (isUnspecified(HostIp)) return { host, port };
  return isLoopback(HostIp) && !isLoopback(host) ? null : { host: HostIp, port };
}

/** Lower is better: loopback always works, and IPv4 nearly always. */
function rank({ host: address }: Endpoint, host: string): number {
  const ownAddress = address === host || isLoopback(address) ? 0 : 1;
  return ownAddress + (isIPv6(address) ? 2 : 0);
}
