import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Permission } from './docker-permissions';

/** The address of Docker, as Node's `http` takes it. */
type Docker = { readonly socketPath: string } | { readonly host: string; readonly port: string | number };

const SOCKET: Docker = { socketPath: '/var/run/docker.sock' };

/** A filtering proxy before Docker: it passes permitted calls on and answers 403 to all others. */
export class DockerFilter {
  /** Calls without a permission, such as `POST /containers/…/exec`. */
  readonly refused: string[] = [];
  /** The names of the query parameters of the calls that passed, by permission. */
  readonly queries = new Map<Permission, Set<string>>();
  private readonly server: Server = createServer((asked, answer) => this.pass(asked, answer));

  constructor(
    private readonly permissions: readonly Permission[],
    private readonly docker: Docker = SOCKET,
  ) {
    // Without a listener Node would treat an upgrade as an ordinary request.
    this.server.on('upgrade', (asked, socket) => {
      this.refused.push(`upgrade ${asked.method} ${asked.url}`);
      socket.destroy();
    });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url = '', headers } = asked;
    const { pathname, searchParams } = new URL(url, 'http://docker');
    const path = decodeURIComponent(pathname);
    const permission = this.permissions.find((p) => p.method === method && p.pattern.test(path));
    if (!permission) {
      this.refused.push(`${method} ${path}`);
      asked.resume();
      answer.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"not permitted"}');
      return;
    }
    const queries = this.queries.get(permission) ?? new Set();
    for (const name of searchParams.keys()) queries.add(name);
    this.queries.set(permission, queries);
    const onward = request({ ...this.docker, method, path: url, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      answer.flushHeaders();
      found.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }
}
