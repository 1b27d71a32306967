import type { Logger } from 'pino';
import type { DockerHost } from './docker-host';

const LOG_EVERY_MS = 10_000;

/** Pulls an image and logs the progress. @param onLine called with every line that Docker writes */
export async function pullWithProgress(
  docker: DockerHost,
  image: string,
  { signal, log, onLine }: { signal: AbortSignal; log: Logger; onLine?: (line: string) => void },
): Promise<void> {
  const began = performance.now();
  let loggedAt = began;
  log.info({ event: 'pull' }, `Pulling image ${image}`);
  await docker.pull(image, signal, (line) => {
    onLine?.(line);
    if (performance.now() - loggedAt < LOG_EVERY_MS) return;
    loggedAt = performance.now();
    log.info({ event: 'pull' }, `Pulling ${image}: ${line}`);
  });
  log.info({ event: 'pull' }, `Pulled image ${image} in ${Math.round((performance.now() - began) / 1000)} s`);
}
