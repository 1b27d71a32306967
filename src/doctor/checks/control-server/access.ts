import { CONTROL_PORT, containerEnvironment, controlServerKey } from '../../../clients/gluetun/container-environment';
import type { Port } from '../../../domain/engine';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { PortAnswer, ReadFailure, VpnSite } from '../../vpn-site';

/** Whether the control server can be reached and understood, and accepts Portward. */
export function access(vpn: VpnSite): Check {
  return {
    id: 'control-server.access',
    title: 'control server',
    vpn: vpn.name,
    look: async (signal) => {
      const answer = await vpn.port(signal);
      const { gluetunAuth: auth, apiPort } = vpn.vpn;
      const env = (await vpn.container()).Config.Env ?? [];
      const ownKey = controlServerKey(env);
      return judgeAccess(answer, {
        sends: auth.kind !== 'none',
        isOtherKey: ownKey !== null && ownKey !== (auth.kind === 'api-key' ? auth.key : null),
        askedPort: apiPort,
        ownPort: containerEnvironment(env).controlPort,
      });
    },
  };
}

const PORT_UNKNOWN =
  'the forwarded port can not be read, and after GLUETUN_PORT_CACHE_TTL_S no engine counts as forwarded';

export interface AccessFacts {
  /** Portward is configured with a key, or with user and password. */
  readonly sends: boolean;
  /** The container's own environment names another key. */
  readonly isOtherKey: boolean;
  /** GLUETUN_API_PORT; null if it is not set. */
  readonly askedPort: Port | null;
  /** The port that the container's own environment names. */
  readonly ownPort: Port | null;
}

export function judgeAccess(answer: PortAnswer, facts: AccessFacts): Finding {
  if (answer.kind !== 'failed') return ok('it answers, and accepts Portward');
  const { failure, problem } = answer;
  if (failure === 'unauthorized') {
    const { found, todo } = refused(problem.what, facts);
    return wrong(found, PORT_UNKNOWN, todo ?? problem.todo);
  }
  return wrong(problem.what, PORT_UNKNOWN, portAdvice(failure, facts) ?? advice(failure, problem.todo, facts));
}

function refused(what: string, { sends, isOtherKey }: AccessFacts): { found: string; todo: string | null } {
  if (!isOtherKey)
    return { found: sends ? `${what}, though Portward sends a key, or user and password` : what, todo: null };
  return {
    found: `${what}${sends ? ' with the credentials that Portward sends' : ', and Portward sends no key'}`,
    todo: "set GLUETUN_API_KEY to the apikey in HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE of the VPN's container",
  };
}

const OTHER_SERVER = new Set<ReadFailure>(['unreachable', 'error', 'garbage']);

/** Advice about a wrong port; null if the port is not known to be wrong. */
function portAdvice(failure: ReadFailure, { askedPort, ownPort }: AccessFacts): string | null {
  if (!OTHER_SERVER.has(failure) || askedPort === null || ownPort === null || askedPort === ownPort) return null;
  return `remove GLUETUN_API_PORT=${askedPort}, or set it to ${ownPort}: that is what HTTP_CONTROL_SERVER_ADDRESS of the container says`;
}

const NO_CONTROL_SERVER =
  'see that GLUETUN_API_PORT is the port of the control server, not of another server in that container';

/** @param todo the advice of the failure itself */
function advice(failure: ReadFailure, todo: string | null, { askedPort, ownPort }: AccessFacts): string | null {
  const port = askedPort ?? ownPort ?? CONTROL_PORT;
  switch (failure) {
    case 'nowhere':
      return todo === null
        ? null
        : `${todo} at the VPN's container, as '127.0.0.1:${port}:${port}', or run Portward in a container in its network (CONTAINER_REACH=network)`;
    case 'unreachable':
      return `see that HTTP_CONTROL_SERVER_ADDRESS of the container and GLUETUN_API_PORT say the same port (8000 if neither is set)${todo === null ? '' : `; if they do, ${todo}`}`;
    case 'timeout':
      return 'if this continues, restart the container: Gluetun can hang, and does not answer while an up-command runs';
    case 'error':
    case 'garbage':
      return todo ?? NO_CONTROL_SERVER;
    default:
      return todo;
  }
}
