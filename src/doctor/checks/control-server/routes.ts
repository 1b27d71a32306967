import { GluetunError, type GluetunClient } from '../../../clients/gluetun/client';
import type { Problem } from '../../../lib/problem';
import type { Check } from '../../check';
import { ok, unknown, warning, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

/** A route other than the port's, and what is lost if it is refused. */
interface Route {
  readonly name: string;
  readonly without: string;
  readonly ask: (client: GluetunClient, base: URL, signal: AbortSignal) => Promise<unknown>;
}

const PUBLIC_IP: Route = {
  name: 'GET /v1/publicip/ip',
  without: 'a reconnection inside the container is not noticed, and /vpn/publicip has no answer',
  ask: (client, base, signal) => client.publicIp(base, signal),
};
const FOR_THE_REMEDY: readonly Route[] = [
  {
    name: 'GET /v1/vpn/status',
    without: 'a VPN that somebody has stopped is taken for one that has lost its port, and started again',
    ask: (client, base, signal) => client.vpnStatus(base, signal),
  },
  {
    name: 'PUT /v1/vpn/status',
    without: 'a VPN that has lost its port is not restarted inside its container (PORT_LOST_TIMEOUT_S)',
    ask: (client, base, signal) => client.mayReconnect(base, signal),
  },
];

export interface RouteAnswer {
  readonly name: string;
  readonly without: string;
  /** The control server's refusal; null: it is permitted, or that can't be found out. */
  readonly refusal: Problem | null;
}

export function routes(vpn: VpnSite): Check {
  return {
    id: 'control-server.routes',
    title: 'routes',
    vpn: vpn.name,
    look: async (signal) => {
      // The port's route first: a refusal of another route then shows whether the credentials are wrong or the route
      // is not permitted.
      const port = await vpn.port(signal);
      if (port.kind === 'failed') return judgeRoutes(null);
      const needed = [PUBLIC_IP, ...(vpn.site.settings.everyVpn.portLostMs > 0 ? FOR_THE_REMEDY : [])];
      const answers: RouteAnswer[] = [];
      for (const route of needed) answers.push(await tried(route, vpn, signal));
      return judgeRoutes(answers);
    },
  };
}

async function tried({ name, without, ask }: Route, vpn: VpnSite, signal: AbortSignal): Promise<RouteAnswer> {
  try {
    await vpn.ask(signal, (base) => ask(vpn.client, base, signal));
  } catch (error) {
    if (!(error instanceof GluetunError)) throw error;
    // Other failures are temporary: the public address, for example, is not known while a VPN connects.
    if (error.failure === 'unauthorized') return { name, without, refusal: error.problem };
  }
  return { name, without, refusal: null };
}

/** @param answers null: not even the port's route answers */
export function judgeRoutes(answers: readonly RouteAnswer[] | null): Finding | readonly Finding[] {
  if (answers === null) return unknown('the control server does not answer, or refuses Portward');
  const refused = answers.flatMap(({ refusal, without }) => (refusal === null ? [] : [{ ...refusal, without }]));
  if (refused.length === 0) return ok(`${answers.map(({ name }) => name).join(', ')} are permitted`);
  // The last refusal names all refused routes, so one change fixes all of them.
  const todo = refused.at(-1)?.todo ?? null;
  return refused.map(({ what, without }) => warning(what, without, todo));
}
