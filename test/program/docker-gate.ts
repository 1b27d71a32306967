import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Decides about a request to Docker. An object: this answer, without asking Docker; 'hang': no answer; null: it passes. */
export type Rule = (
  method: string,
  path: string,
) => { readonly status: number; readonly message: string } | 'hang' | null;

const SOCKET = 'unix:///var/run/docker.sock';

/** A proxy before Docker, with which a test can make Docker fail or be away for one Portward only. */
export class DockerGate {
  rule: Rule = () => null;
  /** The paths of requests that got no answer. */
  readonly held: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private server: Server,
    private readonly port: number,
    private readonly target: { readonly socketPath: string } | { readonly host: string; readonly port: string },
  ) {}

  /** @param dockerHost like DOCKER_HOST; default: the machine's own Docker */
  static async open(dockerHost = SOCKET): Promise<DockerGate> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { hostname: host, port, protocol, pathname: socketPath } = new URL(dockerHost);
    const target = protocol === 'unix:' ? { socketPath } : { host, port };
    const gate = new DockerGate(server, (server.address() as AddressInfo).port, target);
    gate.attach(server);
    return gate;
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  /** Behaves as if dockerd were stopped: nobody listens, and open connections are cut. */
  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async reopen(): Promise<void> {
    this.server = createServer();
    this.attach(this.server);
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  private attach(server: Server): void {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => this.pass(incoming, outgoing));
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    const refusal = this.rule(method, url);
    if (refusal === 'hang') {
      this.held.push(url);
      return;
    }
    if (refusal) {
      incoming.resume();
      outgoing.writeHead(refusal.status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ message: refusal.message }));
      return;
    }
    const onward = request({ ...this.target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}
