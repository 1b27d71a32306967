import type { ContainerId } from '../../../domain/engine';
import type { ContainerDetails, DockerHost } from '../docker-host';

// Which container this process runs in. Its hostname says so only where nobody has given it another.

/** What this process sees of the container around it. */
export interface Surroundings {
  readonly hostname: string;
  /** /proc/self/mountinfo */
  readonly mounts: string;
  /** /proc/self/cgroup */
  readonly controlGroups: string;
  /** /run/.containerenv, which Podman writes. */
  readonly podman: string;
}

/** Docker and Podman mount them from the folder of the container whose network this is. */
const OF_THE_NETWORK = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
const ID = /[0-9a-f]{64}/g;
/** As a hostname that nobody has chosen. */
const SHORT_ID = /^[0-9a-f]{12}$/;

/** Ids that may be this container's, the likeliest first. */
export function ownContainerIds({ mounts, controlGroups, podman }: Surroundings): ContainerId[] {
  const mounted = mounts.split('\n').flatMap((line) => {
    // `36 35 98:0 /var/lib/docker/containers/<id>/hostname /etc/hostname rw … - ext4 /dev/sda1 rw`
    const [, , , source = '', target = ''] = line.split(' ');
    return OF_THE_NETWORK.includes(target) ? idsIn(source).slice(-1) : [];
  });
  // Of nested containers the innermost is the last one.
  const grouped = controlGroups.split('\n').flatMap((line) => idsIn(line).slice(-1));
  return [...new Set([...mounted, ...idsIn(podman), ...grouped])];
}

function idsIn(text: string): string[] {
  return text.match(ID) ?? [];
}

/**
 * The container in whose network this process is: its own, or the one that lends it its network. Null where this Docker
 * knows none. @throws DockerUnreachable
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
