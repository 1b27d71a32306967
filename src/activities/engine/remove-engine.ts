import { ApplicationFailure } from '@temporalio/common';
import type { ContainerId } from '../../domain/engine';
import { isMadeByUs } from '../../domain/labels';
import { REFUSED_BY_DOCKER } from '../../domain/replacement';
import { DockerUnreachable } from '../../clients/docker/docker-error';
import type { DockerHost } from '../../clients/docker/docker-host';
import type { ActivityDeps } from '../deps';
import { messageOf } from '../../lib/errors';

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/**
 * A step of letting go of a container. A no is told at once, since no quick attempt mends it and the next step is worth trying
 * all the same. Docker may also give no answer to this one step, while it answers everything else.
 */
export async function refusable(docker: DockerHost, id: ContainerId, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof DockerUnreachable)) throw refused(id, messageOf(error));
    const there = await docker.inspect(id).catch(() => undefined);
    if (there === undefined) throw error;
    if (there !== null) throw refused(id, 'Docker gave no answer in time');
  }
}

function refused(id: ContainerId, message: string): ApplicationFailure {
  return ApplicationFailure.create({
    message: message.trim(),
    type: REFUSED_BY_DOCKER,
    nonRetryable: true,
    details: [id],
  });
}

/**
 * Removes an engine; one that is gone already is success. An id is that of a container which was found to be ours, by a look
 * or when it was made. A name says less: the one who holds it may be somebody else's, which kept ours from being made.
 */
export async function removeEngine(
  idOrName: string,
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<void> {
  const { docker } = deps;
  const id = CONTAINER_ID.test(idOrName) ? idOrName : await idOfOurs(idOrName, deps);
  if (id !== null) await removeOrStop(docker, id);
}

/** A container that can't be removed is stopped, so that it holds no port. */
export async function removeOrStop(docker: DockerHost, id: ContainerId): Promise<void> {
  try {
    await refusable(docker, id, () => docker.remove(id));
  } catch (error) {
    if (error instanceof ApplicationFailure) await docker.stop(id, 0).catch(() => {});
    throw error;
  }
}

async function idOfOurs(
  name: string,
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<ContainerId | null> {
  const holder = await deps.docker.inspectByName(name);
  return holder && isMadeByUs(name, holder.Config.Labels, deps) ? holder.Id : null;
}
