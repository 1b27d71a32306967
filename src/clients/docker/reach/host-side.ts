import { isLoopback } from '../../../lib/addresses';
import type { Port } from '../../../domain/engine';
import type { ContainerDetails } from '../docker-host';

/**
 * Source addresses of connections that only the Docker host itself can make to this port of a container: the gateways
 * of the container's networks, from which Docker makes such connections. Empty unless the port is published to
 * loopback only: otherwise connections of other hosts and containers come from there as well.
 */
export function hostAddresses({ NetworkSettings: { Networks, Ports } }: ContainerDetails, port: Port): string[] {
  const bindings = Ports[`${port}/tcp`] ?? [];
  const isOfHostAlone = bindings.length > 0 && bindings.every(({ HostIp }) => isLoopback(HostIp));
  if (!isOfHostAlone) return [];
  return Object.values(Networks)
    .flatMap(({ Gateway, IPv6Gateway }) => [Gateway, IPv6Gateway])
    .filter((address) => address !== '');
}
