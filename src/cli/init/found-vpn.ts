import type { ContainerDetails } from '../../clients/docker/docker-host';
import { nameOf } from '../../clients/docker/reach/reach';
import type { PortRange } from '../../domain/settings';
import {
  CONTROL_PORT,
  containerEnvironment,
  controlServerKey,
  forwardingSettings,
} from '../../clients/gluetun/container-environment';

/** What a new user needs to know about a running VPN container. */
export interface FoundVpn {
  readonly name: string;
  /** In lower case; null if nothing names it. */
  readonly provider: string | null;
  readonly portForwarding: boolean;
  readonly networks: readonly string[];
  /** The longest run of ports that it publishes under the same numbers; null: it publishes no ports for engines. */
  readonly published: PortRange | null;
  /** The key of its control server, from its own environment; null if that names none. A secret. */
  readonly key: string | null;
}

const GLUETUN = /(^|\/)gluetun(:|@|$)/;
/** Ports of Gluetun's own servers: HTTP proxy, Shadowsocks, DNS. */
const OWN_PORTS = new Set([53, 8388, 8888]);
/** A single published port belongs to something else than engines. */
const LEAST = 2;

/** Null for a container that is not a VPN. */
export function vpnIn(details: ContainerDetails): FoundVpn | null {
  const env = details.Config.Env ?? [];
  const { setting, provider } = forwardingSettings(env);
  if (!GLUETUN.test(details.Config.Image) && provider === null && setting === null) return null;
  const controlPort = containerEnvironment(env).controlPort ?? CONTROL_PORT;
  return {
    name: nameOf(details),
    provider,
    portForwarding: setting?.is === 'on',
    networks: Object.keys(details.NetworkSettings.Networks),
    published: longestRun(publishedPorts(details).filter((port) => port !== controlPort && !OWN_PORTS.has(port))),
    key: controlServerKey(env),
  };
}

function publishedPorts({ NetworkSettings: { Ports } }: ContainerDetails): number[] {
  return Object.entries(Ports).flatMap(([name, bindings]) => {
    const [, port] = /^(\d+)\/tcp$/.exec(name) ?? [];
    const isSame = (bindings as { HostPort: string }[] | null)?.some(({ HostPort }) => HostPort === port) === true;
    return port !== undefined && isSame ? [Number(port)] : [];
  });
}

function longestRun(ports: readonly number[]): PortRange | null {
  const runs: { first: number; last: number }[] = [];
  for (const port of ports.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.last === port - 1) run.last = port;
    else runs.push({ first: port, last: port });
  }
  const longest = runs.toSorted((a, b) => b.last - b.first - (a.last - a.first))[0];
  return longest !== undefined && longest.last - longest.first + 1 >= LEAST ? longest : null;
}
