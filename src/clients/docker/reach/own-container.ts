import type { ContainerId } from '../../../domain/engine';
import type { ContainerDetails, DockerHost } from '../docker-host';

// Finds the container in which this process runs. The hostname is its id only if nobody has set another hostname.

/** What this process can see of the container around it. */
export interface Surroundings {
  readonly hostname: string;
  /** /proc/self/mountinfo */
  readonly mounts: string;
  /** /proc/self/cgroup */
  readonly controlGroups: string;
  /** /run/.containerenv, which Podman writes. */
  readonly podman: string;
}

/** Files that Docker and Podman mount from the folder of the container whose network this is. */
const OF_THE_NETWORK = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
const ID = /[0-9a-f]{64}/g;
/** The form of a default hostname. */
const SHORT_ID = /^[0-9a-f]{12}$/;

/** Ids that may be this container's, the most likely first. */
export function ownContainerIds({ mounts, controlGroups, podman }: Surroundings): ContainerId[] {
  const mounted = mounts.split('\n').flatMap((line) => {
    // `36 35 98:0 /var/lib/docker/containers/<id>/hostname /etc/hostname rw … - ext4 /dev/sda1 rw`
    const [, , , source = '', target = ''] = line.split(' ');
    return OF_THE_NETWORK.includes(target) ? idsIn(source).slice(-1) : [];
  });
  // In nested containers the innermost one is the last.
  const grouped = controlGroups.split('\n').flatMap((line) => idsIn(line).slice(-1));
  return [...new Set([...mounted, ...idsIn(podman), ...grouped])];
}

function idsIn(text: string): string[] {
  return text.match(ID) ?? [];
}

/**
 * The container in whose network this process runs: its own, or the one whose network that shares. Null if this
 * Docker does not know it.
 * @throws DockerUnreachable
 */
export async function findOwnContainer(
  docker: DockerHost,
  surroundings: Surroundings,
): Promise<ContainerDetails | null> {
  const own = await findByTraces(docker, surroundings);
  const [, lender] = /^container:(.+)$/.exec(own?.HostConfig.NetworkMode ?? '') ?? [];
  if (lender === undefined) return own;
  return (await docker.inspect(lender)) ?? (await docker.inspectByName(lender));
}

async function findByTraces(docker: DockerHost, surroundings: Surroundings): Promise<ContainerDetails | null> {
  for (const id of ownContainerIds(surroundings)) {
    const own = await docker.inspect(id);
    if (own) return own;
  }
  const { hostname } = surroundings;
  return SHORT_ID.test(hostname) ? docker.inspectShortId(hostname) : null;
}
