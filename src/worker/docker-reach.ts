import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isInContainer, PODMAN_MARK } from '../lib/container-mark';
import type { Config } from '../config/config';
import type { ContainerDetails, DockerHost } from '../clients/docker/docker-host';
import { findOwnContainer, ownContainerIds, type Surroundings } from '../clients/docker/reach/own-container';
import { detectReach, guessedReach, type Reach } from '../clients/docker/reach/reach';

/** Containers join and leave networks, so the answer is renewed. */
const RENEW_AFTER_MS = 30_000;

/** The container in whose network this process runs; null: none that this Docker knows. @throws DockerUnreachable */
export async function ownContainer(docker: DockerHost): Promise<ContainerDetails | null> {
  const surroundings = surroundingsOfThisProcess();
  return isInContainer() || ownContainerIds(surroundings).length > 0 ? findOwnContainer(docker, surroundings) : null;
}

/** Finds out how this process reaches containers, once Docker can be asked about the container of this process. */
export function reachFinder({ reach: setting }: Pick<Config, 'reach'>, docker: DockerHost): () => Promise<Reach> {
  const surroundings = surroundingsOfThisProcess();
  const answeringNetworks: Reach['answeringNetworks'] = new Map();
  /** Null: this process runs in no container that Docker knows. */
  let own: ContainerDetails | null | 'unknown' =
    isInContainer() || ownContainerIds(surroundings).length > 0 ? 'unknown' : null;
  let renewAt = 0;
  return async () => {
    if (own !== null && performance.now() >= renewAt) {
      try {
        own = await findOwnContainer(docker, surroundings);
        renewAt = performance.now() + RENEW_AFTER_MS;
      } catch {
        // The last result counts until Docker answers again.
      }
    }
    if (own === 'unknown') return guessedReach();
    const dockerHost = process.env['DOCKER_HOST'];
    return { ...detectReach({ setting, platform: process.platform, dockerHost, own }), answeringNetworks };
  };
}

function surroundingsOfThisProcess(): Surroundings {
  return {
    hostname: hostname(),
    mounts: contentOf('/proc/self/mountinfo'),
    controlGroups: contentOf('/proc/self/cgroup'),
    podman: contentOf(PODMAN_MARK),
  };
}

/** Empty if there is no such file, as on systems other than Linux. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
