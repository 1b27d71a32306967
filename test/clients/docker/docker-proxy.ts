import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Dockerode from 'dockerode';

const DOCKER = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';

/** A proxy between a client and the real Docker, which records requests and can cut every connection. */
export class DockerProxy {
  /** Method and path of every request, such as `GET /containers/json`. */
  readonly asked: string[] = [];
  /** False: connections are accepted and closed at once. */
  reachable = true;
  private readonly folder = mkdtempSync(join(tmpdir(), 'portward-docker-'));
  private readonly socketPath = join(this.folder, 'docker.sock');
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => this.join(client));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.socketPath, resolve));
    return this;
  }

  get client(): Dockerode {
    return new Dockerode({ socketPath: this.socketPath });
  }

  /** Cuts all connections, as a restart of dockerd does. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private join(client: Socket): void {
    if (!this.reachable) {
      client.destroy();
      return;
    }
    const docker = connect(DOCKER);
    client.on('data', (data) => {
      const request = /^([A-Z]+) ([^ ?]+)\S* HTTP/.exec(data.toString('latin1'));
      if (request) this.asked.push(`${request[1]} ${request[2]}`);
    });
    for (const [from, to] of [
      [client, docker],
      [docker, client],
    ] as const) {
      this.sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
