import type { Container } from './container';
import type { EventFeed } from './event-feed';
import type { LoopbackNetwork } from './network';

/** How long Docker takes; ms. */
export interface DockerTimes {
  createMs: number;
  startMs: number;
  /** From a process's end until Docker says so. */
  endMs: number;
  removeMs: number;
}

/** What a container needs of the Docker Engine that it is in. */
export interface ContainerHost {
  readonly feed: EventFeed;
  readonly network: LoopbackNetwork;
  readonly times: DockerTimes;
  readonly find: (reference: string) => Container;
  readonly removed: (container: Container) => void;
}
