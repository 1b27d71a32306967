import type { Problem } from '../../../lib/problem';
import type { ContainerDetails } from '../docker-host';
import { nameOf, type Reach } from './reach';

/** What to do about a container that accepts no connection at its expected address. */
export function howToReach(reach: Reach, container: ContainerDetails): Problem {
  const name = nameOf(container);
  const theirs = Object.keys(container.NetworkSettings.Networks);
  if (container.HostConfig.NetworkMode === 'host')
    return {
      what: `container '${name}' has the network of the Docker host, where Portward can't connect to it`,
      todo: null,
    };
  if (reach.kind === 'published')
    return {
      what: `Portward connects to container '${name}' at its published port`,
      todo: "see CONTAINER_REACH if that can't be reached from here",
    };
  const { ownNetworks } = reach;
  if (ownNetworks === null)
    return {
      what: `container '${name}' is in ${networks(theirs)}`,
      todo: "set CONTAINER_REACH=published if that can't be reached from here",
    };
  const apart = !theirs.some((network) => ownNetworks.includes(network));
  return {
    what: `container '${name}' is in ${networks(theirs)} and Portward in ${networks(ownNetworks)}`,
    todo: apart
      ? 'put both in one network, or set CONTAINER_REACH'
      : 'see CONTAINER_REACH if the network is not to blame',
  };
}

function networks(names: readonly string[]): string {
  return names.length === 0 ? 'no network' : `network ${names.join(' and ')}`;
}
