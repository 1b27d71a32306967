// The simulator's own routes, by which tests control the simulated VPN. Gluetun has none of them.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { answerJson, isRecord, listener, readJson, RefusedRequest, target } from '../inside/json-exchange';
import { parseAuth } from './auth';
import { parseFault } from './faults';
import type { Faults } from './faults';
import { HealthChanges } from './health-changes';
import type { Auth, VpnState } from './messages';
import type { PortCommands } from './port-commands';
import { parsePorts } from './ports';
import type { RequestLog } from './request-log';
import type { Vpn } from './vpn';

export type AdminServerParts = {
  vpn: Vpn;
  faults: Faults;
  log: RequestLog;
  commands: PortCommands;
  state: () => VpnState;
  isHealthy: () => boolean;
  setHealthy: (healthy: boolean) => void;
  setAuth: (auth: Auth) => void;
};

export function createAdminServer(parts: AdminServerParts): Server {
  const health = new HealthChanges(parts.isHealthy);
  return createServer(
    listener(async (request, response) => {
      const body = request.method === 'PUT' ? await readJson(request) : undefined;
      switch (`${request.method} ${target(request).path}`) {
        case 'GET /health': {
          const healthy = await health.next();
          answerJson(response, healthy ? 200 : 503, { healthy, status: parts.vpn.status });
          return;
        }
        case 'GET /tunnel':
          answerJson(response, 200, { alive: parts.vpn.alive });
          return;
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
        case 'PUT /next-addresses':
          parts.vpn.provider.addresses = parseAddresses(body);
          break;
        case 'PUT /port-order':
          await parts.vpn.reorder(parsePorts(body));
          break;
        case 'PUT /times':
          setTimes(parts, body);
          break;
        case 'PUT /tunnel':
          setTunnel(parts, body);
          break;
        case 'PUT /status':
          await parts.vpn.apply(parseStatus(body));
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
  else if (fault?.kind === 'deadlock') vpn.deadlockAtStop();
  else faults.set(fault);
}

function parseHealthy(body: unknown): boolean {
  if (isRecord(body) && typeof body.healthy === 'boolean') return body.healthy;
  throw new RefusedRequest(400, `expected {healthy: true|false}, found ${JSON.stringify(body)}`);
}

function parseAddresses(body: unknown): string[] {
  const addresses: unknown = isRecord(body) ? body.addresses : undefined;
  if (Array.isArray(addresses) && addresses.length > 0 && addresses.every((a) => typeof a === 'string'))
    return addresses;
  throw new RefusedRequest(400, `expected {addresses: [text, …]}, found ${JSON.stringify(body)}`);
}

function setTimes({ vpn, commands }: AdminServerParts, body: unknown): void {
  vpn.times.portGapMs = msIn(body, 'portGapMs') ?? vpn.times.portGapMs;
  commands.lastingMs.up = msIn(body, 'upCommandMs') ?? commands.lastingMs.up;
  commands.lastingMs.down = msIn(body, 'downCommandMs') ?? commands.lastingMs.down;
}

function setTunnel({ vpn }: AdminServerParts, body: unknown): void {
  if (!isRecord(body) || typeof body.alive !== 'boolean') {
    throw new RefusedRequest(
      400,
      `expected {alive, portLostAfterMs?, unhealthyAfterMs?}, found ${JSON.stringify(body)}`,
    );
  }
  if (body.alive) vpn.revive();
  else {
    const portLostAfterMs = msIn(body, 'portLostAfterMs');
    vpn.die({ portLostAfterMs, unhealthyAfterMs: msIn(body, 'unhealthyAfterMs') });
  }
}

function msIn(body: unknown, name: string): number | undefined {
  const value = isRecord(body) ? body[name] : undefined;
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 0)) return value;
  throw new RefusedRequest(400, `${name}: expected whole milliseconds, found ${JSON.stringify(value)}`);
}

function parseStatus(body: unknown): 'running' | 'stopped' {
  if (isRecord(body) && (body.status === 'running' || body.status === 'stopped')) return body.status;
  throw new RefusedRequest(400, `expected {status: running|stopped}, found ${JSON.stringify(body)}`);
}
