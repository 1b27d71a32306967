import { ApplicationFailure } from '@temporalio/common';
import { isContainerId, type ContainerId } from '../../domain/engine';
import { isMadeByUs } from '../../domain/labels';
import { REFUSED_BY_DOCKER } from '../../domain/replacement';
import { DockerUnreachable } from '../../clients/docker/docker-error';
import type { DockerHost } from '../../clients/docker/docker-host';
import type { ActivityDeps } from '../deps';
import { messageOf } from '../../lib/errors';

/**
 * Runs one step of releasing a container. If Docker refuses the step, or answers everything else but not this step,
 * it throws REFUSED_BY_DOCKER: a quick retry would not help, and the next step may still succeed.
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
 * Removes an engine; one that is gone already counts as removed. An id always is that of a container that was found
 * to be ours. A name may belong to a container of somebody else, because of which ours could not be created: so its
 * labels are checked.
 */
export async function removeEngine(
  idOrName: string,
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<void> {
  const { docker } = deps;
  const id = isContainerId(idOrName) ? idOrName : await idOfOurs(idOrName, deps);
  if (id !== null) await removeOrStop(docker, id);
}

/** Removes a container. If that fails, stops it, so that it holds no port. */
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
