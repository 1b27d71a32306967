// The simulator's own side door. Nothing of it exists in Gluetun.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { answerJson, isRecord, listener, readJson, RefusedRequest, target } from '../inside/json-exchange';
import { parseAuth } from './auth';
import { parseFault } from './faults';
import type { Faults } from './faults';
import type { Auth, VpnState } from './messages';
import { parsePorts } from './ports';
import type { RequestLog } from './request-log';
import type { Vpn } from './vpn';

export type AdminServerParts = {
  vpn: Vpn;
  faults: Faults;
  log: RequestLog;
  state: () => VpnState;
  setHealthy: (healthy: boolean) => void;
  setAuth: (auth: Auth) => void;
};

export function createAdminServer(parts: AdminServerParts): Server {
  return createServer(
    listener(async (request, response) => {
      const body = request.method === 'PUT' ? await readJson(request) : undefined;
      switch (`${request.method} ${target(request).path}`) {
        case 'GET /health': {
          const { vpn } = parts;
          const healthy = vpn.cameUp && parts.state().healthy;
          answerJson(response, healthy ? 200 : 503, { healthy, status: vpn.status });
          return;
        }
        case 'GET /log':
          answerJson(response, 200, parts.log.entries);
          return;
        case 'GET /state':
          break;
        case 'PUT /port':
          answerJson(response, 200, await parts.vpn.changePorts(parsePorts(body)));
          return;
        case 'PUT /next-port':
          parts.vpn.provider.change(parsePorts(body));
          break;
        case 'PUT /fault':
          await setFault(parts, body);
          break;
        case 'PUT /health':
          parts.setHealthy(parseHealthy(body));
          break;
        case 'PUT /auth':
          parts.setAuth(parseAuth(body));
          break;
        default:
          throw new RefusedRequest(404, `no route ${request.method} ${request.url}; see simulator/README.md`);
      }
      answerJson(response, 200, parts.state());
    }),
  );
}

async function setFault({ vpn, faults }: AdminServerParts, body: unknown): Promise<void> {
  const fault = parseFault(body);
  if (fault?.kind === 'lost') await vpn.lose();
  else faults.set(fault);
}

function parseHealthy(body: unknown): boolean {
  if (isRecord(body) && typeof body.healthy === 'boolean') return body.healthy;
  throw new RefusedRequest(400, `expected {healthy: true|false}, found ${JSON.stringify(body)}`);
}
