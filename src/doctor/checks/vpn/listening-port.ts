import type { Port } from '../../../domain/engine';
import { redirected } from '../../../domain/vpn/problems';
import { containerEnvironment } from '../../../clients/gluetun/container-environment';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

export function listeningPort(vpn: VpnSite): Check {
  return {
    id: 'vpn.listening-port',
    title: 'listening port',
    vpn: vpn.name,
    look: async () =>
      judgeRedirection(vpn.name, containerEnvironment((await vpn.container()).Config.Env ?? []).listeningPorts),
  };
}

export function judgeRedirection(vpn: string, redirectedTo: readonly Port[]): Finding {
  if (redirectedTo.length === 0) return ok('the forwarded port is not redirected');
  const { what, todo } = redirected(vpn, redirectedTo);
  return wrong(what, null, todo);
}
