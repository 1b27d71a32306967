import { isLoopback } from '../../../lib/addresses';
import type { Port } from '../../../domain/engine';
import type { ContainerDetails } from '../docker-host';

/**
 * Addresses that connections from the Docker host itself come from to this port of a container, and nobody else's: the gateways of
 * its networks, as Docker makes those connections anew. Where the port is published to more than loopback, others that reach the
 * host come from there as well, other containers among them.
 */
export function hostAddresses({ NetworkSettings: { Networks, Ports } }: ContainerDetails, port: Port): string[] {
  const bindings = Ports[`${port}/tcp`] ?? [];
  const isOfHostAlone = bindings.length > 0 && bindings.every(({ HostIp }) => isLoopback(HostIp));
  if (!isOfHostAlone) return [];
  return Object.values(Networks)
    .flatMap(({ Gateway, IPv6Gateway }) => [Gateway, IPv6Gateway])
    .filter((address) => address !== '');
}
