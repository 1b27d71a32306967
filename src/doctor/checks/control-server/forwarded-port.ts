import { stoppedInside } from '../../../domain/vpn/problems';
import type { Check } from '../../check';
import { NotChecked, ok, warning, wrong, type Finding } from '../../finding';
import type { PortAnswer, VpnSite } from '../../vpn-site';

export function forwardedPort(vpn: VpnSite): Check {
  return {
    id: 'control-server.forwarded-port',
    title: 'forwarded port',
    vpn: vpn.name,
    look: async (signal) => {
      const answer = await vpn.port(signal);
      if (answer.kind === 'failed') throw new NotChecked('the control server does not tell the port');
      const isStopped =
        answer.kind === 'none' &&
        (await vpn.ask(signal, (base) => vpn.client.vpnStatus(base, signal)).catch(() => null)) === 'stopped';
      return isStopped ? judgeStopped(vpn.name) : judgePort(vpn.name, answer);
    },
  };
}

export function judgeStopped(vpn: string): Finding {
  const { what, todo } = stoppedInside(vpn);
  return wrong(what, 'it has no forwarded port, and Portward leaves it stopped, as somebody has wanted it', todo);
}

export function judgePort(vpn: string, answer: Exclude<PortAnswer, { kind: 'failed' }>): Finding {
  if (answer.kind === 'known') return ok(`it is ${answer.port}`);
  return warning(
    answer.problem.what,
    'the VPN has no forwarded engine until there is one',
    `if it stays so, \`docker logs ${vpn}\` says why: the server that was chosen may not forward ports (PORT_FORWARD_ONLY=on), or the provider's account does not`,
  );
}
