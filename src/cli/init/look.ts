import { statSync } from 'node:fs';
import Dockerode from 'dockerode';
import { DockerHost } from '../../clients/docker/docker-host';
import { vpnIn, type FoundVpn } from './found-vpn';

/** VPNs whose containers run, sorted by name. @throws DockerUnreachable */
export async function runningVpns(docker = new DockerHost(new Dockerode())): Promise<FoundVpn[]> {
  const running = (await docker.list([])).filter((container) => container.running);
  const details = await Promise.all(running.map(({ id }) => docker.inspect(id)));
  return details
    .flatMap((found) => (found === null ? [] : (vpnIn(found) ?? [])))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The group that may use Docker's socket; null if there is no socket, as with a remote Docker host. */
export function dockerGroup(socket = '/var/run/docker.sock'): number | null {
  try {
    return statSync(socket).gid;
  } catch {
    return null;
  }
}
