// A Docker Engine in the memory of this process: it runs hundreds of VPNs with their engines on two cores, and leaves nothing behind.
import { createServer, type Server } from 'node:http';
import Docker from 'dockerode';
import { DockerCallCounts } from '../docker-call-counts';
import type { DockerTimes } from './container-host';
import { Containers } from './containers';
import { engineApi } from './engine-api';
import { DockerEventFeed } from './event-feed';
import { Images } from './images';
import { LoopbackNetwork } from './network';

export type { DockerTimes } from './container-host';

/** The times of a real Docker on an idle machine. */
const TIMES: DockerTimes = { createMs: 40, startMs: 250, endMs: 40, removeMs: 15 };

/** Resolves when it answers. @param times default: those of a real Docker */
export async function startSimulatedDocker(times: Partial<DockerTimes> = {}): Promise<SimulatedDocker> {
  if (process.platform !== 'linux') throw new Error('expected Linux, where all of 127.0.0.0/8 is loopback');
  const server = createServer();
  // A client with a request every few seconds keeps its connection, as with a real Docker.
  server.keepAliveTimeout = 60_000;
  const network = await LoopbackNetwork.claim(server);
  return new SimulatedDocker(server, network, { ...TIMES, ...times });
}

/**
 * Its containers can run only the simulator's own programs, VPN and engine. Everything that takes a Docker client can take its
 * `docker`, for example `startSimulatedVpn`.
 */
export class SimulatedDocker {
  readonly docker: Docker;
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  readonly calls = new DockerCallCounts();
  private readonly containers: Containers;

  /** See startSimulatedDocker. */
  constructor(
    private readonly server: Server,
    network: LoopbackNetwork,
    /** May be changed at any time. */
    readonly times: DockerTimes,
  ) {
    const feed = new DockerEventFeed();
    this.containers = new Containers({ feed, network, times });
    server.on('request', engineApi({ containers: this.containers, images: new Images(), feed, calls: this.calls }));
    this.docker = new Docker({ protocol: 'http', host: network.claimed, port: network.claimedPort });
    this.dockerHost = `tcp://${network.claimed}:${network.claimedPort}`;
  }

  /** Closes it with all its containers. */
  async close(): Promise<void> {
    for (const container of this.containers.all) container.abandon();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
