import { pullWithProgress } from '../../clients/docker/pull';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';

/** More than a look at Docker takes. */
const LOOK_MS = 1_000;

/**
 * Pulls the image, unless it is there by now. The VPN's workflow goes by what the watch sees and has it pulled for as long as
 * that is no image; so this returns only when the watch has had its next look, or the registry would be asked again at once.
 */
export async function pullImage(
  image: string,
  deps: Pick<ActivityDeps, 'docker' | 'log' | 'checkIntervalMs'>,
  { signal, heard }: { signal: AbortSignal; heard: (line: string) => void },
): Promise<void> {
  const { docker, log } = deps;
  if (!(await docker.hasImage(image))) await pullWithProgress(docker, image, { signal, log, heard });
  await pauseUntil(deps.checkIntervalMs + LOOK_MS, signal);
}
