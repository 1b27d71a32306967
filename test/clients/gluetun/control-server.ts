import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export const CURRENT = '/v1/portforward';
export const OLDER = '/v1/openvpn/portforwarded';
export const PUBLIC_IP = '/v1/publicip/ip';
export const STATUS = '/v1/vpn/status';
export const OLDER_STATUS = '/v1/openvpn/status';

/** A fake of Gluetun's control server with the test's routes; any other route is a 404. */
export class ControlServer {
  readonly asked: Asked[] = [];
  routes: Readonly<Record<string, Answer>> = {};
  private readonly server: Server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    this.asked.push({ method, url, headers });
    const answer = this.routes[url] ?? status(404, '404 page not found');
    answer(response, request);
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get base(): URL {
    const { port } = this.server.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}`);
  }

  get urls(): string[] {
    return this.asked.map((a) => a.url);
  }
}

export function json(body: unknown): Answer {
  return text(JSON.stringify(body));
}

export function text(body: string): Answer {
  return (response) => response.end(body);
}

export function status(code: number, body = ''): Answer {
  return (response) => response.writeHead(code).end(body);
}

export function redirect(location: string, code = 301): Answer {
  return (response) => response.writeHead(code, { location }).end();
}

/** Hangs, as while one of Gluetun's own commands runs. */
export const hang: Answer = () => undefined;

export const hangHalfway: Answer = (response) => {
  response.writeHead(200).write('{"port":');
};

export const cut: Answer = (response) => {
  response.writeHead(200, { 'content-length': '100' }).write('{"port":');
  setImmediate(() => response.destroy());
};

/** Behaves as with Gluetun's auth configuration. */
export function guarded(isRight: (headers: IncomingMessage['headers']) => boolean, then: Answer): Answer {
  return (response, request) => (isRight(request.headers) ? then : status(401, 'Unauthorized'))(response, request);
}
