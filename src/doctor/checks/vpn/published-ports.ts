import { isIP } from 'node:net';
import { isLoopback, isUnspecified } from '../../../lib/addresses';
import type { PortBinding } from '../../../clients/docker/reach/published-port';
import type { PortRange } from '../../../domain/settings';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import { inRanges } from '../../ports-in-words';
import type { VpnSite } from '../../vpn-site';

export interface PublishedFacts {
  readonly range: PortRange;
  /** By port and protocol in Docker's form: `19000/tcp`. */
  readonly bindings: Readonly<Record<string, readonly PortBinding[] | null | undefined>>;
  /** Portward can reach engines over published ports only. */
  readonly isNeeded: boolean;
  /** ADVERTISED_HOST */
  readonly advertisedHost: string | null;
  /** The name of this VPN's variable, for example GLUETUN_PORT_RANGE_1. */
  readonly setting: string;
}

export function publishedPorts(vpn: VpnSite): Check {
  return {
    id: 'vpn.published-ports',
    title: 'published ports',
    vpn: vpn.name,
    look: async () => {
      const { HostConfig, NetworkSettings } = await vpn.running();
      if (HostConfig.NetworkMode === 'host') return ok("it has the Docker host's network, and need not publish any");
      const { settings } = vpn.site;
      return judgePublished({
        range: vpn.vpn.httpPorts,
        bindings: NetworkSettings.Ports,
        isNeeded: (await vpn.site.reach()).kind === 'published',
        advertisedHost: settings.api.advertisedHost,
        setting: `GLUETUN_PORT_RANGE_${settings.vpns.indexOf(vpn.vpn) + 1}`,
      });
    },
  };
}

export function judgePublished({ range, bindings, isNeeded, advertisedHost, setting }: PublishedFacts): Finding {
  const { first, last } = range;
  const ports = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const of = (port: number) => bindings[`${port}/tcp`] ?? [];
  const compose = `'127.0.0.1:${first}-${last}:${first}-${last}'`;
  const moved = ports.filter(
    (port) => of(port).length > 0 && of(port).every(({ HostPort }) => Number(HostPort) !== port),
  );
  if (moved.length > 0)
    return wrong(
      `it publishes ${inRanges(moved)} under other numbers`,
      'proxies use the port in /engines, and reach another engine or none',
      `publish them under the same numbers: ${compose}`,
    );
  const missing = ports.filter((port) => of(port).length === 0);
  if (missing.length > 0) {
    const found =
      missing.length === ports.length
        ? `it publishes none of ${first}-${last}`
        : `it does not publish ${inRanges(missing)}, which ${setting} gives to engines`;
    const published = publishedElsewhere(bindings, range);
    const instead =
      published.length === 0 ? 'the range that it publishes' : `ports that it publishes (${inRanges(published)})`;
    const todo = `publish ${compose} at the VPN's container (\`ports:\` in its Compose file), or set ${setting} to ${instead}`;
    if (isNeeded)
      return wrong(found, "Portward reaches engines over published ports here, so it can't reach those", todo);
    return warning(
      found,
      'those engines can be reached from their Docker network only; that is enough for a proxy in it',
      todo,
    );
  }
  const hosts = new Set(ports.flatMap((port) => of(port).map(({ HostIp }) => HostIp)));
  if (advertisedHost !== null && ![...hosts].some((host) => answersAt(host, advertisedHost))) {
    const where = [...hosts].every(isLoopback) ? 'to this machine only' : `at ${[...hosts].join(', ')} only`;
    return warning(
      `it publishes ${first}-${last} ${where}, while ADVERTISED_HOST is ${advertisedHost}`,
      'players get an address where no engine answers',
      `publish '${first}-${last}:${first}-${last}', without ${[...hosts].join(', ')}, or remove ADVERTISED_HOST`,
    );
  }
  if ([...hosts].some(isUnspecified))
    return warning(
      `it publishes ${first}-${last} to every network of this machine`,
      'engines ask for no password',
      `unless other devices need them, publish ${compose}`,
    );
  return ok(`it publishes ${first}-${last} at ${[...hosts].join(', ')}`);
}

/**
 * Whether a port that is published at one address answers at the advertised one. A host name is assumed to stand for
 * it.
 */
function answersAt(published: string, advertised: string): boolean {
  if (isUnspecified(published)) return true;
  if (isLoopback(published)) return isLoopback(advertised);
  return isIP(advertised) === 0 || advertised === published;
}

/**
 * Ports outside of the range that are published under the same number. A single port is left out: it belongs to
 * something else.
 */
function publishedElsewhere(bindings: PublishedFacts['bindings'], { first, last }: PortRange): number[] {
  const ports = Object.entries(bindings).flatMap(([name, at]) => {
    const [, port] = /^(\d+)\/tcp$/.exec(name) ?? [];
    return port !== undefined && at?.some(({ HostPort }) => HostPort === port) === true ? [Number(port)] : [];
  });
  return ports
    .filter((port) => port < first || port > last)
    .filter((port, _i, all) => all.includes(port - 1) || all.includes(port + 1))
    .toSorted((a, b) => a - b);
}
