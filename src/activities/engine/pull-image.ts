import { pullWithProgress } from '../../clients/docker/pull';
import { pauseUntil } from '../../lib/pause';
import type { ActivityDeps } from '../deps';

/** Longer than a snapshot of Docker takes. */
const SNAPSHOT_MS = 1_000;

/**
 * Pulls the image, unless it is present by now. It returns only after the watch's next snapshot: the VPN's workflow
 * orders a pull for as long as snapshots show no image, and would order another one at once.
 */
export async function pullImage(
  image: string,
  deps: Pick<ActivityDeps, 'docker' | 'log' | 'checkIntervalMs'>,
  { signal, onLine }: { signal: AbortSignal; onLine: (line: string) => void },
): Promise<void> {
  const { docker, log } = deps;
  if (!(await docker.hasImage(image))) await pullWithProgress(docker, image, { signal, log, onLine });
  await pauseUntil(deps.checkIntervalMs + SNAPSHOT_MS, signal);
}
