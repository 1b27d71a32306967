import type { ContainerId, Port } from '../domain/engine';
import { isHealthy } from '../domain/observation';
import type { ContainerDetails } from '../docker/docker-host';
import type { Endpoint } from '../engine/engine-api';
import { pauseUntil } from '../pause';
import type { DockerLook } from './docker-look';
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

const EVERY_MS = 100;

/** Asks the engines of a healthy VPN whether they answer, each when its turn has come. */
export class EnginesWatch {
  constructor(private readonly options: EnginesWatchOptions) {}

  async run(): Promise<void> {
    const { look, signal } = this.options;
    while (!signal.aborted) {
      const seen = look();
      if (seen?.details && isHealthy(seen.vpn)) this.askAll(seen, seen.details);
      await pauseUntil(EVERY_MS, signal);
    }
  }

  private askAll({ engines }: DockerLook, details: ContainerDetails): void {
    const { memory, evicted, endpoint, signal, changed, refused } = this.options;
    const now = performance.now();
    for (const { id, running, networkOf, httpPort } of engines) {
      if (!running || networkOf !== details.Id || !memory.health.due(id, now)) continue;
      // Not awaited: one that hangs must not keep the others from being asked.
      void memory.health
        .ask(id, () => endpoint(details, httpPort), signal)
        .then((hasBegunToRefuse) => {
          if (!hasBegunToRefuse || evicted.includes(id)) {
            changed();
            return;
          }
          memory.doubt.begin(performance.now());
          refused();
        });
    }
  }
}
