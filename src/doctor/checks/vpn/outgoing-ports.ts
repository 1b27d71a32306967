import type { Port } from '../../../domain/engine';
import type { PortRange } from '../../../domain/settings';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

const SYSCTL = 'net.ipv4.ip_local_port_range';
/** Linux's default in each new network. */
const DEFAULT: PortRange = { first: 32_768, last: 60_999 };

export interface OutgoingFacts {
  /** The sysctl in the settings of the VPN's container; null if it is not set. */
  readonly sysctl: string | null;
  /** The container uses the Docker host's network, and so its sysctl. */
  readonly ofHost: boolean;
  readonly httpPorts: PortRange;
  readonly httpsPorts: PortRange;
  readonly forwardedPort: Port | null;
}

export function outgoingPorts(vpn: VpnSite): Check {
  return {
    id: 'vpn.outgoing-ports',
    title: 'outgoing ports',
    vpn: vpn.name,
    look: async (signal) => {
      const { HostConfig } = await vpn.container();
      const answer = await vpn.port(signal).catch(() => null);
      return judgeOutgoing({
        sysctl: HostConfig.Sysctls?.[SYSCTL] ?? null,
        ofHost: HostConfig.NetworkMode === 'host',
        httpPorts: vpn.vpn.httpPorts,
        httpsPorts: vpn.site.settings.everyVpn.httpsPorts,
        forwardedPort: answer?.kind === 'known' ? answer.port : null,
      });
    },
  };
}

/** Suggested ranges. The first one contains no ports that most providers forward, and no default ports of engines. */
const ADVISED: readonly PortRange[] = [
  { first: 10_000, last: 18_999 },
  { first: 20_000, last: 28_999 },
];

function meet(one: PortRange, other: PortRange): boolean {
  return one.first <= other.last && other.first <= one.last;
}

export function judgeOutgoing({ sysctl, ofHost, httpPorts, httpsPorts, forwardedPort }: OutgoingFacts): Finding {
  const [, first, last] = /^\s*(\d+)\s+(\d+)\s*$/.exec(sysctl ?? '') ?? [];
  const outgoing = first === undefined ? DEFAULT : { first: Number(first), last: Number(last) };
  const engines = [
    { range: httpPorts, inWords: `HTTP ports ${httpPorts.first}-${httpPorts.last}` },
    { range: httpsPorts, inWords: `HTTPS ports ${httpsPorts.first}-${httpsPorts.last}` },
    ...(forwardedPort === null
      ? []
      : [{ range: { first: forwardedPort, last: forwardedPort }, inWords: `forwarded port ${forwardedPort}` }]),
  ];
  const met = engines.filter(({ range }) => meet(range, outgoing)).map(({ inWords }) => inWords);
  const from = ofHost
    ? `it has the Docker host's network, where outgoing connections take ports from ${outgoing.first}-${outgoing.last} by default`
    : `outgoing connections take ports from ${outgoing.first}-${outgoing.last}`;
  if (met.length === 0) return ok(`${from}, and engines listen elsewhere`);
  const free = ADVISED.find((advised) => !engines.some(({ range }) => meet(range, advised)));
  const advised = `${free?.first} ${free?.last}`;
  const todo =
    free === undefined
      ? `set GLUETUN_PORT_RANGE_n and ACE_HTTPS_RANGE to ports outside of ${outgoing.first}-${outgoing.last}, or ${SYSCTL} of the VPN's container to ports outside of theirs`
      : ofHost
        ? `on the Docker host: sysctl -w ${SYSCTL}='${advised}'`
        : `give the VPN's container the sysctl ${SYSCTL}: ${advised} (\`sysctls:\` in its Compose file, or docker run --sysctl ${SYSCTL}='${advised}')`;
  return warning(
    `${from}, among them the engines' ${met.join(' and ')}`,
    'now and then the port of a new engine is taken, and the engine has to wait or to be created again',
    todo,
  );
}
