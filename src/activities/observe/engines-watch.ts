import type { ContainerId, Port } from '../../domain/engine';
import { isHealthy } from '../../domain/vpn/observation';
import type { ContainerDetails } from '../../clients/docker/docker-host';
import type { Endpoint } from '../../clients/engine/engine-api';
import { pauseUntil } from '../../lib/pause';
import type { DockerSnapshot } from '../docker/snapshot';
import type { VpnMemory } from './vpn-memory';

export interface EnginesWatchOptions {
  readonly memory: VpnMemory;
  readonly snapshot: () => DockerSnapshot | null;
  /** Engines being released: their end is no sign of anything else. */
  readonly evicted: readonly ContainerId[];
  /** The address of a port in the VPN's container. @throws Unreachable */
  readonly endpoint: (details: ContainerDetails, port: Port) => Endpoint;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly changed: () => void;
  /** Called when an engine has begun to refuse connections. */
  readonly refused: () => void;
}

/** Asks the engines of a healthy VPN whether they answer, each at its own interval. */
export class EnginesWatch {
  private waker = new AbortController();

  constructor(private readonly options: EnginesWatchOptions) {}

  /** Ends the pause: an engine may be due sooner than it was. */
  wake(): void {
    this.waker.abort();
  }

  async run(): Promise<void> {
    const { snapshot, signal } = this.options;
    while (!signal.aborted) {
      this.waker = new AbortController();
      const seen = snapshot();
      const nextMs = seen?.details && isHealthy(seen.vpn) ? this.askAll(seen, seen.details) : Infinity;
      await pauseUntil(nextMs, signal, this.waker.signal);
    }
  }

  /** @returns in how many milliseconds the next one is due */
  private askAll({ engines }: DockerSnapshot, details: ContainerDetails): number {
    const { health } = this.options.memory;
    let nextMs = Infinity;
    for (const { id, running, networkOf, httpPort } of engines) {
      if (!running || networkOf !== details.Id) continue;
      const dueMs = health.dueInMs(id, performance.now());
      // Not awaited, so that an engine that hangs does not delay the others.
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
