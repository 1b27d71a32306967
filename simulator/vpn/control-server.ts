// Gluetun's control server, after the sources of qdm12/gluetun (internal/server at v3.41.1 and master) and tests with real ones.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { echo } from './echo';
import { answerJson, isRecord, listener, readJson, target } from '../inside/json-exchange';
import { isAuthorized } from './auth';
import type { Faults } from './faults';
import type { Auth, Release, Route } from './messages';
import { parsePorts } from './ports';
import type { RequestLog } from './request-log';
import type { Vpn } from './vpn';

const OLD_PORT_PATH = '/v1/openvpn/portforwarded';
const PORT_PATH = '/v1/portforward';
const STATUS_PATHS = ['/v1/vpn/status', '/v1/openvpn/status'];

export type ControlServerParts = {
  vpn: Vpn;
  faults: Faults;
  log: RequestLog;
  release: Release;
  auth: () => Auth;
};

export function createControlServer(parts: ControlServerParts): Server {
  return createServer(
    listener(async (request, response) => {
      parts.log.add(request, response);
      const { path } = target(request);
      const route = routeOf(path, parts.release);
      if (route === null) {
        // Since v3.39.1 a route that no role has is answered with 401.
        if (parts.release === 'legacy') answerText(response, 404, 'Not Found');
        else answerText(response, 401, 'Unauthorized');
        return;
      }
      if (await spoil(parts.faults, route, request, response)) return;
      if (!isAuthorized(parts.auth(), parts.release, request)) {
        if (parts.auth().mode === 'basic') response.setHeader('www-authenticate', 'Basic realm="restricted"');
        answerText(response, 401, 'Unauthorized');
        return;
      }
      await answer(parts, route, path, request, response);
    }),
  );
}

function routeOf(path: string, release: Release): Route | null {
  if (path === OLD_PORT_PATH) return 'portforward';
  if (path === PORT_PATH) return hasCurrentRoute(release) ? 'portforward' : null;
  if (STATUS_PATHS.includes(path)) return 'status';
  return path === '/v1/publicip/ip' ? 'publicip' : null;
}

function hasCurrentRoute(release: Release): boolean {
  return release === 'v3.41.1' || release === 'master';
}

/** Gives a wrong answer if there is a fault; returns whether it did. A request that hangs goes on when the fault ends. */
async function spoil(
  faults: Faults,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { path } = target(request);
  const fault = faults.on(route, path);
  if (fault === null) return false;
  if (fault.kind === 'hang') {
    await faults.passed();
    return spoil(faults, route, request, response);
  }
  if (fault.kind === '500') answerText(response, 500, 'Internal Server Error');
  else if (fault.kind === '401') answerText(response, 401, 'Unauthorized');
  else if (fault.kind === '301') response.writeHead(301, { location: fault.location ?? path }).end();
  else if (fault.kind === 'echo') answerText(response, 200, echo(request));
  else response.writeHead(200, { 'content-type': 'application/json' }).end(fault.body ?? '{"port": 65536nonsense');
  return true;
}

async function answer(
  { vpn, faults, log, release }: ControlServerParts,
  route: Route,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (`${request.method} ${route}`) {
    case 'GET portforward':
      if (path === OLD_PORT_PATH && hasCurrentRoute(release) && !faults.isRedirectTarget(path)) {
        response.writeHead(301, { location: PORT_PATH }).end();
      } else answerJson(response, 200, portBody(release, await vpn.forwarded.read()));
      return;
    case 'PUT portforward':
      if (release !== 'master' || path === OLD_PORT_PATH) break;
      // Without a gap: Gluetun holds its lock all the time, so no reader sees the 0 in between.
      await vpn.changePorts(parsePorts(await readJson(request)), 0);
      response.writeHead(200).end();
      return;
    case 'GET status':
      if (vpn.deadlocked) await new Promise(() => {});
      answerJson(response, 200, { status: vpn.status });
      return;
    case 'PUT status': {
      const body = await readJson(request);
      const status = isRecord(body) ? body.status : undefined;
      if (status === 'running' || status === 'stopped') {
        log.orders.push({ at: Date.now(), status });
        answerJson(response, 200, { outcome: await vpn.apply(status) });
      } else
        answerText(response, 400, `invalid status: ${JSON.stringify(status)}: possible values are: stopped, running`);
      return;
    }
    case 'GET publicip':
      answerJson(response, 200, { public_ip: vpn.publicIp() });
      return;
  }
  answerText(response, 405, 'Method Not Allowed');
}

/** v3.41.1 has `port` for none or one, and only `ports` for several; master always has both; older releases have only `port`. */
function portBody(release: Release, ports: number[]): { port?: number; ports?: number[] } {
  const port = ports[0] ?? 0;
  if (release === 'master') return { port, ports };
  return release === 'v3.41.1' && ports.length > 1 ? { ports } : { port };
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
