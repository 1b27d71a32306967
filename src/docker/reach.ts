import { isLoopback } from '../addresses';
import type { Port } from '../domain/engine';
import type { Endpoint } from '../engine/engine-api';
import type { ContainerDetails } from './docker-host';
import { publishedEndpoint } from './published-port';
import { Unreachable } from './unreachable';

/**
 * How this process reaches ports of a container: over Docker's networks (on Linux, and inside a container that
 * shares one with it), or by the ports that the container publishes (Docker Desktop, a remote Docker host).
 */
export type Reach =
  | { readonly kind: 'network'; readonly preferred: readonly string[] }
  | { readonly kind: 'published'; readonly host: string };

function dockerHostName(dockerHost: string | undefined): string | null {
  if (dockerHost === undefined || !/^(tcp|https?|ssh):/.test(dockerHost)) return null;
  return new URL(dockerHost).hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * @param own details of the container that this process runs in, null outside of one
 */
export function detectReach(options: {
  readonly setting: 'auto' | 'network' | 'published';
  readonly platform: NodeJS.Platform;
  readonly dockerHost: string | undefined;
  readonly own: ContainerDetails | null;
}): Reach {
  const { setting, platform, own } = options;
  const remote = dockerHostName(options.dockerHost);
  const local = remote === null || isLoopback(remote);
  const overNetwork = own !== null || (platform === 'linux' && local);
  if (setting === 'network' || (setting === 'auto' && overNetwork)) {
    return { kind: 'network', preferred: Object.keys(own?.NetworkSettings.Networks ?? {}) };
  }
  return { kind: 'published', host: local ? '127.0.0.1' : (remote ?? '127.0.0.1') };
}

/** The one place that says where a container's port is. @throws Unreachable */
export function resolve(reach: Reach, container: ContainerDetails, port: Port): Endpoint {
  const name = container.Name.replace(/^\//, '');
  if (container.HostConfig.NetworkMode === 'host') {
    return { host: reach.kind === 'published' ? reach.host : '127.0.0.1', port };
  }
  if (reach.kind === 'published') {
    const bindings = container.NetworkSettings.Ports[`${port}/tcp`] ?? [];
    return publishedEndpoint({ container: name, port, bindings }, reach.host);
  }
  const networks = Object.entries(container.NetworkSettings.Networks).filter(([, n]) => n.IPAddress !== '');
  const shared = networks.find(([network]) => reach.preferred.includes(network)) ?? networks[0];
  if (!shared) throw new Unreachable(`container '${name}' has no address on a Docker network`);
  return { host: shared[1].IPAddress, port };
}
