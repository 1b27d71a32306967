import type { ContainerId, Port } from '../../domain/engine';
import { isHealthy } from '../../domain/vpn/observation';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import type { Endpoint } from '../../clients/engine/engine-api';
import { pauseUntil } from '../../lib/pause';
import type { DockerLook } from '../docker/look';
import type { VpnMemory } from './vpn-memory';

export interface EnginesWatchOptions {
  readonly memory: VpnMemory;
  readonly look: () => DockerLook | null;
  /** Engines being let go: that they end says nothing of the others. */
  readonly evicted: readonly ContainerId[];
  /** Of the VPN's container. @throws Unreachable */
  readonly endpoint: (details: ContainerDetails, port: Port) => Endpoint;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly changed: () => void;
  /** One of them has begun to refuse connections. */
  readonly refused: () => void;
}

/** Asks the engines of a healthy VPN whether they answer, each when its turn has come. */
export class EnginesWatch {
  private poke = new AbortController();

  constructor(private readonly options: EnginesWatchOptions) {}

  /** Another engine may be due, or one sooner than it was. */
  wake(): void {
    this.poke.abort();
  }

  async run(): Promise<void> {
    const { look, signal } = this.options;
    while (!signal.aborted) {
      this.poke = new AbortController();
      const seen = look();
      const nextMs = seen?.details && isHealthy(seen.vpn) ? this.askAll(seen, seen.details) : Infinity;
      await pauseUntil(nextMs, signal, this.poke.signal);
    }
  }

  /** @returns in how many milliseconds the next one is due */
  private askAll({ engines }: DockerLook, details: ContainerDetails): number {
    const { health } = this.options.memory;
    let nextMs = Infinity;
    for (const { id, running, networkOf, httpPort } of engines) {
      if (!running || networkOf !== details.Id) continue;
      const dueMs = health.dueInMs(id, performance.now());
      // Not awaited: one that hangs must not keep the others from being asked.
      if (dueMs <= 0) void this.ask(id, details, httpPort);
      else nextMs = Math.min(nextMs, dueMs);
    }
    return nextMs;
  }

  private async ask(id: ContainerId, details: ContainerDetails, httpPort: Port): Promise<void> {
    const { memory, evicted, endpoint, signal, changed, refused } = this.options;
    const hasBegunToRefuse = await memory.health.ask(id, () => endpoint(details, httpPort), signal);
    this.wake();
    if (!hasBegunToRefuse || evicted.includes(id)) {
      changed();
      return;
    }
    memory.doubt.begin(performance.now());
    refused();
  }
}
