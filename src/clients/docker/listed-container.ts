import type Dockerode from 'dockerode';
import type { ContainerId } from '../../domain/engine';

/** What a list of containers tells of each. */
export interface ListedContainer {
  readonly id: ContainerId;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  /** In one word, as in its details: `created`, `running`, `paused`, `restarting`, `exited` and so on. */
  readonly state: string;
  /** The same for people, with health and uptime, as `docker ps` shows it: see `status-text.ts`. */
  readonly status: string;
  /** Milliseconds since the epoch, precise to a second. */
  readonly createdAt: number;
  /** Null where it has a network of its own. */
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

/** Links of former times give a container further names, with the other container's before theirs. */
function ownName({ Id, Names }: Dockerode.ContainerInfo): string {
  const own = Names.find((name) => name.lastIndexOf('/') === 0) ?? Names[0] ?? Id;
  return own.replace(/^\//, '');
}
