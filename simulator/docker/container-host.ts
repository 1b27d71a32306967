import type { Container } from './container';
import type { DockerEventFeed } from './event-feed';
import type { LoopbackNetwork } from './network';

/** How long the simulated Docker takes for each step; ms. */
export interface DockerTimes {
  createMs: number;
  startMs: number;
  /** From the end of a process until Docker reports it. */
  endMs: number;
  removeMs: number;
}

/** What a container needs from its Docker Engine. */
export interface ContainerHost {
  readonly feed: DockerEventFeed;
  readonly network: LoopbackNetwork;
  readonly times: DockerTimes;
  readonly find: (reference: string) => Container;
  readonly removed: (container: Container) => void;
}
