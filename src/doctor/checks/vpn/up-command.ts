import { commandSetting } from '../../../gluetun/container-environment';
import { nameOf } from '../../../docker/reach';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import { portwards } from '../../portwards';
import type { VpnSite } from '../../vpn-site';

export interface HintFacts {
  readonly vpn: string;
  /** VPN_PORT_FORWARDING_UP_COMMAND; it may hold secrets and is not shown. */
  readonly command: string;
  /** Docker's log driver of the VPN's container. */
  readonly logDriver: string;
  /** GLUETUN_HEALTH_CHECK_INTERVAL_S */
  readonly intervalS: number;
  readonly apiPort: number;
  /** Names and addresses of the containers in its networks that have Portward's API; null: there is none now. */
  readonly portward: readonly string[] | null;
}

/** How Portward hears of a new port before it asks. */
export function upCommand(vpn: VpnSite): Check {
  return {
    id: 'vpn.up-command',
    title: 'up-command',
    vpn: vpn.name,
    look: async () => {
      const { Config, HostConfig, NetworkSettings } = await vpn.container();
      const { checkIntervalMs, api } = vpn.site.settings;
      return judgeHints({
        vpn: vpn.name,
        command: commandSetting(Config.Env ?? []),
        logDriver: HostConfig.LogConfig?.Type ?? '',
        intervalS: checkIntervalMs / 1000,
        apiPort: api.port,
        portward: namesOf(await portwards(vpn.site.dockerode, vpn.site.docker), Object.keys(NetworkSettings.Networks)),
      });
    },
  };
}

function namesOf(found: Awaited<ReturnType<typeof portwards>>, networks: readonly string[]): string[] | null {
  const names = found
    .filter(({ part }) => part !== 'worker')
    .flatMap(({ details }) => {
      const shared = Object.entries(details.NetworkSettings.Networks).filter(([network]) => networks.includes(network));
      const own = shared.flatMap(([, { Aliases, IPAddress }]) => [...((Aliases as string[] | null) ?? []), IPAddress]);
      return shared.length === 0 ? [] : [nameOf(details), ...own];
    });
  return names.length === 0 ? null : [...new Set(names.filter((name) => name !== ''))];
}

/** Of the Docker host, or further away: what is there is not to be seen from here. */
const ELSEWHERE = /^(\d+\.\d+\.\d+\.\d+|\[.*\]|host\.docker\.internal|.*\..*)$/;

const RECHECK = /\bhttps?:\/\/(\[[^\]]+\]|[^\s/:"']+)(?::(\d+))?\/vpns\/([^\s/"']+)\/recheck\b/;

export function judgeHints({ vpn, command, logDriver, intervalS, apiPort, portward }: HintFacts): Finding {
  const [found, host = '', , named = ''] = RECHECK.exec(command) ?? [];
  const todo = `docker-compose.yml of Portward shows the command: it posts to http://portward:${apiPort}/vpns/${vpn}/recheck`;
  if (found !== undefined) {
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
    if (portward !== null && !portward.includes(host) && !ELSEWHERE.test(host))
      return wrong(
        `it looks for Portward at ${host}, and in its networks Portward is ${portward.join(', ')}`,
        'Portward is not told of a new port',
        `name one of these in it: ${todo}`,
      );
    if (!/[&]|-T ?\d|--timeout|-m ?\d|--max-time/.test(command))
      return warning(
        'it tells Portward of a new port, and waits for the answer without a limit',
        'while it runs, Gluetun does not say which port it has',
        `end it with & inside of /bin/sh -c "…", or give it a limit of 1 s: ${todo}`,
      );
    return ok(`it tells Portward of a new port, at ${host}`);
  }
  if (logDriver === 'none')
    return warning(
      'there is none that tells Portward of a new port, and the container has no log that could be followed',
      `a changed port is seen at the next check, after up to ${intervalS} s`,
      `let the container have a log (log driver json-file), or set VPN_PORT_FORWARDING_UP_COMMAND: ${todo}`,
    );
  return ok("there is none that tells Portward of a new port; it follows the container's log instead");
}
