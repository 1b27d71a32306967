import { holderInWords, portsInUse } from '../../../activities/docker/taken-ports';
import type { ListedContainer } from '../../../clients/docker/listed-container';
import type { Port } from '../../../domain/engine';
import { label } from '../../../domain/names';
import { takenInWords } from '../../../domain/vpn/taken-ports';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import { inRanges } from '../../ports-in-words';
import type { VpnSite } from '../../vpn-site';

export interface TakenFacts {
  readonly vpn: string;
  readonly forwardedPort: Port | null;
  /** Ports on which something other than our engines listens. */
  readonly taken: readonly Port[];
  /** What listens there, as far as Docker tells. */
  readonly by: string | null;
}

/** Only the first ports of the range are checked; those are given to engines first. */
const CHECKED_AT_MOST = 100;

export function takenPorts(vpn: VpnSite): Check {
  return {
    id: 'vpn.taken-ports',
    title: 'taken ports',
    vpn: vpn.name,
    look: async (signal) => {
      const details = await vpn.running();
      const [answer, engines] = await Promise.all([vpn.port(signal).catch(() => null), vpn.engines()]);
      const forwardedPort = answer?.kind === 'known' ? answer.port : null;
      const { first, last } = vpn.vpn.httpPorts;
      const range = Array.from({ length: Math.min(last - first + 1, CHECKED_AT_MOST) }, (_, i) => first + i);
      const own = new Set(engines.filter(({ running }) => running).flatMap(portsOf));
      const asked = [...new Set([...range, ...(forwardedPort === null ? [] : [forwardedPort])])].filter(
        (port) => !own.has(port),
      );
      const taken = await portsInUse(details, asked, { docker: vpn.site.docker, reach: vpn.site.reach });
      const by = taken.length > 0 ? await holderInWords(details, taken, null, vpn.site.docker) : null;
      return judgeTaken({ vpn: vpn.name, forwardedPort, taken, by });
    },
  };
}

function portsOf({ labels }: ListedContainer): number[] {
  return [label.httpPort, label.httpsPort, label.p2pPort]
    .map((name) => Number(labels[name]))
    .filter((port) => port > 0);
}

export function judgeTaken({ vpn, forwardedPort, taken, by }: TakenFacts): Finding | readonly Finding[] {
  const findings: Finding[] = [];
  if (forwardedPort !== null && taken.includes(forwardedPort))
    findings.push(
      wrong(
        takenInWords({ ports: [forwardedPort], by }, vpn),
        'no engine can have the forwarded port',
        'stop that program, or let it listen on another port',
      ),
    );
  const others = taken.filter((port) => port !== forwardedPort);
  if (others.length > 0)
    findings.push(
      warning(
        `something else listens on ${inRanges(others)} in its network${by === null ? '' : `: ${by}`}`,
        "engines can't use those ports, and another program's answers may be taken for an engine's",
        'stop that program, let it listen on other ports, or take those ports out of the range',
      ),
    );
  return findings.length > 0 ? findings : ok('nothing else listens on the ports of engines');
}
