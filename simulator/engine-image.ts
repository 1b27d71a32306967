// Portward sets only the environment that its engine variant needs. Settings of the simulated engine, such as the time that it takes to
// start, have to be in its image.
import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { isMissing } from './docker-errors';
import { ensureSimulatorImage, removeUnusedImages, REPOSITORY, tagsLike } from './image';

const made = new Map<string, Promise<string>>();

/**
 * Makes the simulator's image with this environment added. Resolves with its tag, which belongs to this run alone: other runs do not
 * remove it, and `removeSimulation` does.
 */
export function engineImage(docker: Docker, env: Readonly<Record<string, string>>, runId: string): Promise<string> {
  const key = `${createHash('sha256').update(JSON.stringify(env)).digest('hex').slice(0, 8)}-${runId}`;
  const image = made.get(key) ?? make(docker, env, key);
  made.set(key, image);
  image.catch(() => made.delete(key));
  return image;
}

async function make(docker: Docker, env: Readonly<Record<string, string>>, key: string): Promise<string> {
  const plain = await ensureSimulatorImage(docker);
  const tag = `${plain.slice(REPOSITORY.length + 1)}-${key}`;
  const changes = Object.entries(env).map(([name, value]) => `ENV ${name}=${value}`);
  if (changes.length === 0) await docker.getImage(plain).tag({ repo: REPOSITORY, tag });
  else {
    const container = await docker.createContainer({ Image: plain });
    try {
      await container.commit({ repo: REPOSITORY, tag, changes: changes.join('\n') });
    } finally {
      await container.remove();
    }
  }
  return `${REPOSITORY}:${tag}`;
}

/** Removes the images of a run whose containers are gone, and images that killed runs have left. */
export async function removeEngineImages(docker: Docker, runId: string): Promise<void> {
  for (const key of made.keys()) if (key.endsWith(`-${runId}`)) made.delete(key);
  for (const tag of await tagsLike(docker, `*-${runId}`)) {
    try {
      await docker.getImage(tag).remove();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  await removeUnusedImages(docker);
}
