import { commandSetting } from '../../../clients/gluetun/container-environment';
import { nameOf } from '../../../clients/docker/reach/reach';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Port } from '../../../domain/engine';
import { environmentOf, portwards } from '../../portwards';
import type { VpnSite } from '../../vpn-site';

export interface ApiPlace {
  /** A name or an address in the container's networks. */
  readonly host: string;
  readonly port: Port;
}

export interface HintFacts {
  readonly vpn: string;
  /** VPN_PORT_FORWARDING_UP_COMMAND. It may hold secrets and is not shown. */
  readonly command: string;
  /** Docker's log driver for the VPN's container. */
  readonly logDriver: string;
  /** GLUETUN_HEALTH_CHECK_INTERVAL_S */
  readonly intervalS: number;
  readonly apiPort: number;
  /** Where containers in the VPN's networks reach Portward's API; null: there is none now. */
  readonly portward: readonly ApiPlace[] | null;
}

/** Checks how Portward learns of a new port before its next read of the control server. */
export function upCommand(vpn: VpnSite): Check {
  return {
    id: 'vpn.up-command',
    title: 'up-command',
    vpn: vpn.name,
    look: async () => {
      const { Config, HostConfig, NetworkSettings } = await vpn.container();
      const { everyVpn, api } = vpn.site.settings;
      return judgeHints({
        vpn: vpn.name,
        command: commandSetting(Config.Env ?? []),
        logDriver: HostConfig.LogConfig?.Type ?? '',
        intervalS: everyVpn.checkIntervalMs / 1000,
        apiPort: api.port,
        portward: placesOf(await portwards(vpn.site.dockerode, vpn.site.docker), Object.keys(NetworkSettings.Networks)),
      });
    },
  };
}

function placesOf(found: Awaited<ReturnType<typeof portwards>>, networks: readonly string[]): ApiPlace[] | null {
  const places = found
    .filter(({ part }) => part !== 'worker')
    .flatMap(({ details }) => {
      const shared = Object.entries(details.NetworkSettings.Networks).filter(([network]) => networks.includes(network));
      const own = shared.flatMap(([, { Aliases, IPAddress }]) => [...((Aliases as string[] | null) ?? []), IPAddress]);
      const hosts = shared.length === 0 ? [] : [nameOf(details), ...own];
      const port = Number(environmentOf(details)('APP_PORT') || DEFAULT_PORT);
      return [...new Set(hosts)].filter((host) => host !== '').map((host) => ({ host, port }));
    });
  return places.length === 0 ? null : places;
}

/** Default of APP_PORT. */
const DEFAULT_PORT = 8_000;

/** Addresses of the Docker host or of other machines, which can't be checked from here. */
const ELSEWHERE = /^(\d+\.\d+\.\d+\.\d+|\[.*\]|host\.docker\.internal|.*\..*)$/;

const RECHECK = /\b(https?):\/\/(\[[^\]]+\]|[^\s/:"']+)(?::(\d+))?\/vpns\/([^\s/"']+)\/recheck\b/;
/** Shell syntax. Gluetun starts the command without a shell, and would pass this on as words. */
const OF_A_SHELL = /[&|;<>]/;
const SHELL = /^\s*(\S*\/)?(sh|ash|bash)\s/;
const POSTS = /--post-(data|file)|-X ?POST|--request[ =]POST|\s(-d|--data\S*)[ =]/;
const LIMITED = /[&]|-T ?\d|--timeout|-m ?\d|--max-time/;

/** Matches a route of Portward, even if it is misspelt. */
const OF_PORTWARD = /\/vpns\/|\brecheck\b/;

export function judgeHints(facts: HintFacts): Finding {
  const { vpn, command, portward } = facts;
  const found = RECHECK.exec(command);
  if (found === null && OF_PORTWARD.test(command))
    return wrong(
      `its address resembles http://…/vpns/${vpn}/recheck, but is another one`,
      NOT_TOLD,
      `correct the address in it: ${advice(facts)}`,
    );
  if (found === null) return judgeWithout(facts);
  const [, scheme, host = '', portText, named = ''] = found;
  const port = Number(portText ?? (scheme === 'https' ? 443 : 80));
  const todo = advice(facts);
  if (named !== vpn)
    return wrong(
      `it tells Portward of VPN '${named}'`,
      `Portward is told of the wrong VPN, or of none that it knows`,
      `name /vpns/${vpn}/recheck in it`,
    );
  if (['localhost', '127.0.0.1', '[::1]'].includes(host))
    return wrong(
      `it looks for Portward at ${host}`,
      "that is the VPN's own container, where Portward is not",
      `name Portward's container, or the Docker host's address: ${todo}`,
    );
  const known = portward?.find((place) => place.host === host);
  if (portward !== null && known === undefined && !ELSEWHERE.test(host))
    return wrong(
      `it looks for Portward at ${host}, but in its networks Portward is at ${portward.map((place) => place.host).join(', ')}`,
      NOT_TOLD,
      `name one of these in it: ${todo}`,
    );
  if (known !== undefined && known.port !== port)
    return wrong(
      `it looks for Portward at port ${port}, and the API of ${host} is at port ${known.port}`,
      NOT_TOLD,
      `name http://${host}:${known.port}/vpns/${vpn}/recheck in it`,
    );
  if (!POSTS.test(command))
    return wrong('it sends Portward no POST', NOT_TOLD, `let it send a POST, with --post-data= for wget: ${todo}`);
  if (OF_A_SHELL.test(command) && !SHELL.test(command))
    return warning(
      'it uses the syntax of a shell (& or >), but Gluetun starts it without one',
      'Gluetun passes them to the command as words: the command fails, or Gluetun waits for it',
      `put it into /bin/sh -c "…": ${todo}`,
    );
  if (!LIMITED.test(command))
    return warning(
      'it tells Portward of a new port, and waits for the answer without a limit',
      'while it runs, Gluetun does not say which port it has',
      `end it with & inside of /bin/sh -c "…", or give it a limit of 1 s: ${todo}`,
    );
  return ok(`it tells Portward of a new port, at ${host}`);
}

const NOT_TOLD = 'Portward is not told of a new port';

function advice({ vpn, apiPort, portward }: HintFacts): string {
  const { host, port } = portward?.[0] ?? { host: 'portward', port: apiPort };
  return `docker-compose.yml of Portward shows the command: it posts to http://${host}:${port}/vpns/${vpn}/recheck`;
}

function judgeWithout(facts: HintFacts): Finding {
  if (facts.logDriver === 'none')
    return warning(
      'there is none that tells Portward of a new port, and the container has no log that could be followed',
      `a changed port is seen at the next check, after up to ${facts.intervalS} s`,
      `let the container have a log (log driver json-file), or set VPN_PORT_FORWARDING_UP_COMMAND: ${advice(facts)}`,
    );
  return ok("there is none that tells Portward of a new port; Portward follows the container's log instead");
}
