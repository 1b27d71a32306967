// Portward gives engines the environment that their image is known to want. What else a simulated engine is to be told,
// such as how long it takes to start, has to be in its image.
import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { isMissing } from './docker-errors';
import { ensureSimulatorImage, removeUnusedImages, REPOSITORY, tagsLike } from './image';

const made = new Map<string, Promise<string>>();

/**
 * The simulator's image with this environment added, under a tag of this run, with which `removeSimulation` removes it: so
 * Portward has it for as long as the run lasts, whatever other runs do. Resolves with the tag.
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

/** Of a run whose containers are gone; and what runs that were killed have left. */
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
