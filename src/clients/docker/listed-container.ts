import type Dockerode from 'dockerode';
import type { ContainerId } from '../../domain/engine';

/** The label with which Compose names the service of a container. */
export const COMPOSE_SERVICE = 'com.docker.compose.service';

/** A container as Docker lists it. */
export interface ListedContainer {
  readonly id: ContainerId;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  /**
   * In one word, as `State.Status` in its details: `created`, `running`, `paused`, `restarting`, `exited` and so on.
   */
  readonly state: string;
  /** The text of `docker ps`, with health and uptime: see `status-text.ts`. */
  readonly status: string;
  /** Milliseconds since the epoch, precise to a second. */
  readonly createdAt: number;
  /** The container whose network it uses; null if it has its own. */
  readonly networkOf: ContainerId | null;
}

export function listed(found: Dockerode.ContainerInfo): ListedContainer {
  return {
    id: found.Id,
    name: ownName(found),
    labels: found.Labels,
    running: found.State === 'running',
    state: found.State,
    status: found.Status,
    createdAt: found.Created * 1000,
    networkOf: /^container:(.+)$/.exec(found.HostConfig.NetworkMode)?.[1] ?? null,
  };
}

/** Docker's legacy links give a container further names, each with the other container's name in front. */
function ownName({ Id, Names }: Dockerode.ContainerInfo): string {
  const own = Names.find((name) => name.lastIndexOf('/') === 0) ?? Names[0] ?? Id;
  return own.replace(/^\//, '');
}
