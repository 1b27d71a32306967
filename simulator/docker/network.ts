// On Linux all of 127.0.0.0/8 is there. Each network namespace gets an address of it, so that ports of two VPNs never
// meet, and two programs in one VPN's network can't listen on one port.
import type { Server } from 'node:net';

/** Below those that systems and tests give out, and not Docker's own, which somebody may have opened to everyone. */
const CLAIM_PORT = 1375;
const ATTEMPTS = 50;

/** A network of 65,000 addresses, for this process alone: whoever listens on its first one has it. */
export class LoopbackNetwork {
  private given = 0;

  private constructor(private readonly prefix: string) {}

  /** The server claims the network, and from now on is at its first address. */
  static async claim(server: Server): Promise<LoopbackNetwork> {
    for (let attempt = 1; ; attempt++) {
      // 127.0 has localhost, and other programs' addresses.
      const network = new LoopbackNetwork(`127.${1 + Math.floor(Math.random() * 254)}`);
      try {
        await listen(server, CLAIM_PORT, network.claimed);
        return network;
      } catch (error) {
        if (!isTaken(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Where the claiming server is. */
  get claimed(): string {
    return `${this.prefix}.0.1`;
  }

  get claimedPort(): number {
    return CLAIM_PORT;
  }

  /** Never one that was given before: who still asks at an old address must not meet another program. */
  address(): string {
    this.given++;
    return `${this.prefix}.${1 + Math.floor(this.given / 250)}.${1 + (this.given % 250)}`;
  }
}

/** One run of a container that has a network of its own, and what others have in it. */
export class NetworkNamespace {
  private readonly servers = new Map<Server, () => void>();
  private cut = false;

  constructor(readonly address: string) {}

  /** The container whose network it is has ended: the others in it run on, and nobody reaches them. */
  get isCut(): boolean {
    return this.cut;
  }

  /** @throws Node's EADDRINUSE */
  async listen(server: Server, port: number): Promise<void> {
    // A program that begins to listen after the cut has only its loopback, where nobody asks.
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
