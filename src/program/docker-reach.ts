import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Config } from '../config';
import type { DockerHost } from '../docker/docker-host';
import { detectReach, type Reach } from '../docker/reach';

/** Finds out once how this process reaches containers, as soon as Docker can be asked about the one it runs in. */
export function reachFinder(config: Config, docker: DockerHost): () => Promise<Reach> {
  const detect = (own: Parameters<typeof detectReach>[0]['own']) =>
    detectReach({ setting: config.reach, platform: process.platform, dockerHost: process.env['DOCKER_HOST'], own });
  let found: Reach | null = null;
  return async () => {
    if (found) return found;
    if (!existsSync('/.dockerenv')) return (found = detect(null));
    try {
      found = detect(await docker.inspect(hostname()));
      return found;
    } catch {
      return { kind: 'network', preferred: [] };
    }
  };
}
