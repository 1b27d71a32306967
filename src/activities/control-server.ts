import { resolve, type Reach } from '../docker/reach';
import type { ContainerDetails } from '../docker/docker-host';
import { url } from '../engine/engine-api';
import { CONTROL_PORT, containerEnvironment } from '../gluetun/container-environment';
import type { ActivityDeps } from './deps';

/** Where a VPN's control server is asked from here. @throws Unreachable */
export function controlServer(
  vpn: string,
  details: ContainerDetails,
  reach: Reach,
  deps: Pick<ActivityDeps, 'controlPort'>,
): URL {
  const port = deps.controlPort(vpn) ?? containerEnvironment(details.Config.Env ?? []).controlPort ?? CONTROL_PORT;
  return url(resolve(reach, details, port));
}
