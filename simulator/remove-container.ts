import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { isConflict, isMissing } from './docker-errors';

/** Resolves when the container is gone, whoever removed it. */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  for (;;) {
    try {
      await docker.getContainer(id).remove({ force: true, v: true });
    } catch (error) {
      if (isMissing(error)) return;
      // 'removal already in progress': wait until it is gone.
      if (!isConflict(error)) throw error;
    }
    await sleep(50);
  }
}
