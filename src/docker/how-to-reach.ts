import type { ContainerDetails } from './docker-host';
import { nameOf, type Reach } from './reach';

/** What to do about a container that accepts no connection where it was looked for. */
export function howToReach(reach: Reach, container: ContainerDetails): string {
  const name = nameOf(container);
  const theirs = Object.keys(container.NetworkSettings.Networks);
  if (container.HostConfig.NetworkMode === 'host')
    return `container '${name}' has the network of the Docker host, where Portward can't connect to it`;
  if (reach.kind === 'published')
    return `Portward looks for container '${name}' at the port that it publishes: see CONTAINER_REACH if that can't be reached from here`;
  const { ownNetworks } = reach;
  if (ownNetworks === null)
    return `container '${name}' is in ${networks(theirs)}: set CONTAINER_REACH=published if that can't be reached from here`;
  const apart = !theirs.some((network) => ownNetworks.includes(network));
  const remedy = apart
    ? 'put both in one network, or set CONTAINER_REACH'
    : 'see CONTAINER_REACH if the network is not to blame';
  return `container '${name}' is in ${networks(theirs)} and Portward in ${networks(ownNetworks)}: ${remedy}`;
}

function networks(names: readonly string[]): string {
  return names.length === 0 ? 'no network' : `network ${names.join(' and ')}`;
}
