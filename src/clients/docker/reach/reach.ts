import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../../lib/addresses';
import type { ContainerId, Port } from '../../../domain/engine';
import type { Endpoint } from '../../engine/engine-api';
import { firstAccepting } from '../../../lib/tcp';
import type { ContainerDetails } from '../docker-host';
import { publishedEndpoint } from './published-port';
import { Unreachable } from './unreachable';

/**
 * How this process reaches ports of a container: over Docker's networks (on Linux, and inside a container that
 * shares one with it), or by the ports that the container publishes (Docker Desktop, a remote Docker host).
 */
export interface Reach {
  readonly kind: 'network' | 'published';
  /** The Docker host's address, as seen from here. */
  readonly host: string;
  /** Names of this process's container networks; null outside of a container. */
  readonly ownNetworks: readonly string[] | null;
  /** Whether an address is in a network of this process. */
  readonly isNear: (address: string) => boolean;
  /** For containers with several addresses: the network in which each last accepted a connection. */
  readonly answeringNetworks: Map<ContainerId, string>;
}

/** Used while nothing is known about this process: most share a network with their VPN. */
export function guessedReach(): Reach {
  return {
    kind: 'network',
    host: '127.0.0.1',
    ownNetworks: null,
    isNear: isInOwnNetwork,
    answeringNetworks: new Map(),
  };
}

export interface ReachOptions {
  readonly setting: 'auto' | 'network' | 'published';
  readonly platform: NodeJS.Platform;
  readonly dockerHost: string | undefined;
  /** Details of the container that this process runs in, null outside of one. */
  readonly own: ContainerDetails | null;
}

export function detectReach({ setting, platform, dockerHost, own }: ReachOptions): Omit<Reach, 'answeringNetworks'> {
  const remote = dockerHostName(dockerHost);
  const local = remote === null || isLoopback(remote);
  const overNetwork = own !== null || (platform === 'linux' && local);
  const kind = setting === 'network' || (setting === 'auto' && overNetwork) ? 'network' : 'published';
  const ownNetworks = own && Object.keys(own.NetworkSettings.Networks);
  const ofOwn = kind === 'network' || local ? gatewayOf(own) : null;
  return { kind, host: ofOwn ?? (local ? '127.0.0.1' : remote), ownNetworks, isNear: isInOwnNetwork };
}

function dockerHostName(dockerHost: string | undefined): string | null {
  if (dockerHost === undefined || !/^(tcp|https?|ssh):/.test(dockerHost)) return null;
  return new URL(dockerHost).hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * The Docker host's address from inside a container, which is not loopback. Null outside of a container, and in one
 * with the host's network.
 */
function gatewayOf(own: ContainerDetails | null): string | null {
  const networks = Object.values(own?.NetworkSettings.Networks ?? {});
  return networks.find(({ Gateway }) => Gateway !== '')?.Gateway ?? null;
}

/** Read each time, since containers join and leave networks. */
function isInOwnNetwork(address: string): boolean {
  const near = new BlockList();
  for (const { cidr, family } of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])) {
    const [network = '', prefix] = cidr?.split('/') ?? [];
    if (prefix !== undefined) near.addSubnet(network, Number(prefix), family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return near.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The address of a container's port. All addresses of containers come from here. @throws Unreachable */
export function resolve(reach: Reach, container: ContainerDetails, port: Port): Endpoint {
  const [first, ...others] = candidates(reach, container, port);
  const answeringNetworks = reach.answeringNetworks.get(container.Id);
  const { host } = others.find(({ network }) => network === answeringNetworks) ?? first;
  return { host, port: first.port };
}

/**
 * Like `resolve`, but tries several addresses, and returns one that accepts connections if there is one. It is kept
 * until `forgetAddress`.
 * @throws Unreachable
 */
export async function locate(
  reach: Reach,
  container: ContainerDetails,
  port: Port,
  signal: AbortSignal,
): Promise<Endpoint> {
  const all = candidates(reach, container, port);
  if (all.length > 1 && !all.some(({ network }) => network === reach.answeringNetworks.get(container.Id))) {
    const found = await firstAccepting(all, signal);
    if (found) reach.answeringNetworks.set(container.Id, found.network);
  }
  return resolve(reach, container, port);
}

/** Forgets the address that was kept, because it no longer accepts connections. */
export function forgetAddress({ answeringNetworks }: Reach, container: ContainerDetails): void {
  answeringNetworks.delete(container.Id);
}

interface Candidate extends Endpoint {
  /** The Docker network of this address; empty for a port of the host. */
  readonly network: string;
}

/** All equally good addresses, at least one. @throws Unreachable */
function candidates(reach: Reach, container: ContainerDetails, port: Port): [Candidate, ...Candidate[]] {
  const name = nameOf(container);
  if (container.HostConfig.NetworkMode === 'host') return [{ host: reach.host, port, network: '' }];
  if (reach.kind === 'published') {
    const bindings = container.NetworkSettings.Ports[`${port}/tcp`] ?? [];
    return [{ ...publishedEndpoint({ container: name, port, bindings }, reach.host), network: '' }];
  }
  const all = Object.entries(container.NetworkSettings.Networks).flatMap(([network, settings]) => {
    const host = settings.IPAddress || settings.GlobalIPv6Address;
    return host ? [{ host, port, network }] : [];
  });
  // A single address needs no choice, and reading the machine's networks takes time.
  const near = all.length > 1 ? all.filter(({ host }) => reach.isNear(host)) : all;
  const shared = all.filter(({ network }) => reach.ownNetworks?.includes(network));
  const [best, ...others] = [near, shared, all].find((some) => some.length > 0) ?? [];
  if (!best) throw new Unreachable(`container '${name}' has no address on a Docker network`);
  return [best, ...others];
}

export function nameOf(container: ContainerDetails): string {
  return container.Name.replace(/^\//, '');
}
