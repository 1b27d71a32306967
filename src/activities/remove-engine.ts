import { isMadeByUs } from '../domain/labels';
import type { ActivityDeps } from './deps';

const CONTAINER_ID = /^[0-9a-f]{64}$/;

/**
 * Removes an engine; one that is gone already is success. An id is that of a container which was found to be ours, by a look
 * or when it was made. A name says less: the one who holds it may be somebody else's, which kept ours from being made.
 */
export async function removeEngine(
  idOrName: string,
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<void> {
  const { docker } = deps;
  if (CONTAINER_ID.test(idOrName)) return docker.remove(idOrName);
  const holder = await docker.inspectByName(idOrName);
  if (holder && isMadeByUs(idOrName, holder.Config.Labels, deps)) await docker.remove(holder.Id);
}
