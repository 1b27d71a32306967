import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { PortAnswer, VpnSite } from '../../vpn-site';

/** Whether it can be reached, understood, and lets Portward in. */
export function access(vpn: VpnSite): Check {
  return {
    id: 'control-server.access',
    title: 'control server',
    vpn: vpn.name,
    look: async (signal) => judgeAccess(await vpn.port(signal)),
  };
}

const PORT_UNKNOWN = 'the forwarded port can not be read, and after GLUETUN_PORT_CACHE_TTL_S no engine is on it';

export function judgeAccess(answer: PortAnswer): Finding {
  if (answer.kind !== 'failed') return ok('it answers, and lets Portward in');
  return wrong(answer.reason, PORT_UNKNOWN, ADVICE[answer.failure] ?? null);
}

const ADVICE: Readonly<Partial<Record<Extract<PortAnswer, { kind: 'failed' }>['failure'], string>>> = {
  unreachable:
    'see that HTTP_CONTROL_SERVER_ADDRESS of the container and GLUETUN_API_PORT say the same port (8000 if neither is set)',
  timeout: 'if it goes on, restart the container: Gluetun can hang, and answers nothing while an up-command runs',
  error: 'see that GLUETUN_API_PORT is the port of the control server, not of another server in that container',
  garbage: 'see that GLUETUN_API_PORT is the port of the control server, not of another server in that container',
};
