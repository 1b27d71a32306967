// Portward gives engines the environment that their image is known to want. What else a simulated engine is to be told,
// such as how long it takes to start, has to be in its image.
import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { isMissing } from './docker-errors';
import { ensureSimulatorImage } from './image';

/** The simulator's image with this environment added, made unless it is there. Resolves with its tag. */
export async function engineImage(docker: Docker, env: Readonly<Record<string, string>>): Promise<string> {
  const plain = await ensureSimulatorImage(docker);
  if (Object.keys(env).length === 0) return plain;
  const [repo = '', base = ''] = plain.split(':');
  const hash = createHash('sha256').update(JSON.stringify(env)).digest('hex').slice(0, 8);
  const tag = `${base}-${hash}`;
  if (await exists(docker, `${repo}:${tag}`)) return `${repo}:${tag}`;
  const container = await docker.createContainer({ Image: plain });
  try {
    const changes = Object.entries(env).map(([name, value]) => `ENV ${name}=${value}`);
    await container.commit({ repo, tag, changes: changes.join('\n') });
  } finally {
    await container.remove();
  }
  return `${repo}:${tag}`;
}

async function exists(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
