import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerCallCounts } from '../simulator/docker-call-counts';

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** A Docker socket that passes everything on and counts it. */
export class DockerCalls {
  readonly counts = new DockerCallCounts();

  private constructor(
    private readonly folder: string,
    private readonly target: string,
    private readonly server: Server,
  ) {}

  static async listen(): Promise<DockerCalls> {
    const folder = await mkdtemp(join(tmpdir(), 'portward-bench-'));
    const server = createServer();
    const calls = new DockerCalls(folder, dockerSocket(process.env['DOCKER_HOST']), server);
    server.on('request', (asked, answer) => calls.pass(asked, answer));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(calls.path, resolve);
    });
    return calls;
  }

  get path(): string {
    return join(this.folder, 'docker.sock');
  }

  /** For DOCKER_HOST. */
  get address(): string {
    return `unix://${this.path}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    this.counts.add(asked.method ?? '', asked.url ?? '');
    const { method, url: path, headers } = asked;
    const onward = request({ socketPath: this.target, method, path, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      // Events come rarely: whoever waits for the first has to see the head at once.
      answer.flushHeaders();
      found.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }
}

function dockerSocket(dockerHost = ''): string {
  if (dockerHost === '') return DEFAULT_SOCKET;
  if (dockerHost.startsWith('unix://')) return dockerHost.slice('unix://'.length);
  throw new Error(`Docker calls can be counted on a Unix socket only, found DOCKER_HOST=${dockerHost}`);
}
