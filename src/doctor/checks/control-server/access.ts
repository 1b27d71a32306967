import { controlServerKey } from '../../../gluetun/container-environment';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { PortAnswer, VpnSite } from '../../vpn-site';

/** Whether it can be reached, understood, and lets Portward in. */
export function access(vpn: VpnSite): Check {
  return {
    id: 'control-server.access',
    title: 'control server',
    vpn: vpn.name,
    look: async (signal) => {
      const answer = await vpn.port(signal);
      if (answer.kind !== 'failed') return judgeAccess(answer, null);
      const { vpn: ours } = vpn;
      const sent = ours.gluetunAuth.kind === 'api-key' ? ours.gluetunAuth.key : null;
      const own = controlServerKey((await vpn.container()).Config.Env ?? []);
      return judgeAccess(answer, { sends: ours.gluetunAuth.kind !== 'none', isOtherKey: own !== null && own !== sent });
    },
  };
}

const PORT_UNKNOWN =
  'the forwarded port can not be read, and after GLUETUN_PORT_CACHE_TTL_S no engine counts as forwarded';

export interface KeyFacts {
  /** Portward has a key, or user and password, to send. */
  readonly sends: boolean;
  /** The container's own environment names another key. */
  readonly isOtherKey: boolean;
}

export function judgeAccess(answer: PortAnswer, keys: KeyFacts | null): Finding {
  if (answer.kind !== 'failed') return ok('it answers, and lets Portward in');
  const [found = '', credentials] = answer.reason.split(': set ');
  const [unpublished, publish] = answer.reason.split(", so it can't be reached from here: ");
  if (publish !== undefined)
    return wrong(
      `${unpublished}, so it can't be reached from here`,
      PORT_UNKNOWN,
      `${publish} at the VPN's container, as '127.0.0.1:8000:8000', or run Portward in a container in its network (CONTAINER_REACH=network)`,
    );
  if (answer.failure !== 'unauthorized' || credentials === undefined)
    return wrong(answer.reason, PORT_UNKNOWN, ADVICE[answer.failure] ?? null);
  if (keys?.isOtherKey === true)
    return wrong(
      `${found}${keys.sends ? ' with what Portward sends' : ', and Portward sends no key'}`,
      PORT_UNKNOWN,
      "set GLUETUN_API_KEY to the apikey in HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE of the VPN's container",
    );
  return wrong(
    keys?.sends === true ? `${found}, though Portward sends a key, or user and password` : found,
    PORT_UNKNOWN,
    `set ${credentials}`,
  );
}

const ADVICE: Readonly<Partial<Record<Extract<PortAnswer, { kind: 'failed' }>['failure'], string>>> = {
  unreachable:
    'see that HTTP_CONTROL_SERVER_ADDRESS of the container and GLUETUN_API_PORT say the same port (8000 if neither is set)',
  timeout: 'if it goes on, restart the container: Gluetun can hang, and answers nothing while an up-command runs',
  error: 'see that GLUETUN_API_PORT is the port of the control server, not of another server in that container',
  garbage: 'see that GLUETUN_API_PORT is the port of the control server, not of another server in that container',
};
