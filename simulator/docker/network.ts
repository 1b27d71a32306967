// On Linux all addresses of 127.0.0.0/8 are loopback. Each simulated network namespace gets one of them, so that the ports of two VPNs
// never collide, and two programs in one VPN's network can't listen on one port.
import type { Server } from 'node:net';

/** Not in the ranges that systems and tests use, and not Docker's own port 2375, which a real Docker may have at all addresses. */
const CLAIM_PORT = 1375;
const ATTEMPTS = 50;

/** A network of 65,000 loopback addresses for this process alone. The process that listens on its first address owns it. */
export class LoopbackNetwork {
  private given = 0;

  private constructor(private readonly prefix: string) {}

  /** Claims a free network: the server listens on its first address from now on. */
  static async claim(server: Server): Promise<LoopbackNetwork> {
    for (let attempt = 1; ; attempt++) {
      // Not 127.0: it has localhost, and other programs use its addresses.
      const network = new LoopbackNetwork(`127.${1 + Math.floor(Math.random() * 254)}`);
      try {
        await listen(server, CLAIM_PORT, network.claimed);
        return network;
      } catch (error) {
        if (!isTaken(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** The address of the claiming server. */
  get claimed(): string {
    return `${this.prefix}.0.1`;
  }

  get claimedPort(): number {
    return CLAIM_PORT;
  }

  /** A new address each time: a client that still uses an old address must not reach another program. */
  address(): string {
    this.given++;
    return `${this.prefix}.${1 + Math.floor(this.given / 250)}.${1 + (this.given % 250)}`;
  }
}

/** The network of one run of a container, with the servers of all containers that share it. */
export class NetworkNamespace {
  private readonly servers = new Map<Server, () => void>();
  private cut = false;

  constructor(readonly address: string) {}

  /** The container that owns the network has ended: the others in it run on, but nobody reaches them. */
  get isCut(): boolean {
    return this.cut;
  }

  /** @throws Node's EADDRINUSE */
  async listen(server: Server, port: number): Promise<void> {
    // After that a program could listen only on its own loopback, which nobody uses.
    if (this.cut) return;
    const connections = new Set<{ destroy: () => void }>();
    server.on('connection', (connection) => {
      connections.add(connection);
      connection.on('close', () => connections.delete(connection));
    });
    await listen(server, port, this.address);
    const end = (): void => {
      server.close();
      for (const connection of connections) connection.destroy();
    };
    if (this.cut) end();
    else this.servers.set(server, end);
  }

  close(server: Server): void {
    this.servers.get(server)?.();
    this.servers.delete(server);
  }

  cutOff(): void {
    this.cut = true;
    for (const server of this.servers.keys()) this.close(server);
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    server.listen({ port, host }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
