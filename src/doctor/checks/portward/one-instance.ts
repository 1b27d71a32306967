import { nameOf } from '../../../clients/docker/reach/reach';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import { findEmbeddedServer } from '../../../embedded-temporal/server';
import { environmentOf, portwards } from '../../portwards';
import type { Site } from '../../site';

/** A Portward with a worker. */
export interface Worker {
  /** Its container; null: it runs outside of containers. */
  readonly container: string | null;
  readonly instance: string;
  /** Its Temporal server; null: its own. */
  readonly temporal: string | null;
}

/** Two Portwards with the same PORTWARD_INSTANCE and databases of their own replace each other's engines, until one of them only watches. */
export function oneInstance(site: Site): Check {
  return {
    id: 'portward.one-instance',
    title: 'instance',
    vpn: null,
    look: async () =>
      judgeInstance(site.settings.instance, [...(await workersOn(site)), ...(await workerOutside(site))]),
  };
}

/**
 * The worker that uses this data folder outside of containers. A running Temporal server shows that it runs, or ran a
 * moment ago.
 */
async function workerOutside(site: Site): Promise<Worker[]> {
  const { instance, temporal, dataDir } = site.settings;
  if (temporal.address !== null || (await site.reach()).ownNetworks !== null) return [];
  const runs = (await findEmbeddedServer(dataDir)) !== undefined;
  return runs ? [{ container: null, instance, temporal: null }] : [];
}

async function workersOn({ dockerode, docker }: Site): Promise<Worker[]> {
  const found = await portwards(dockerode, docker);
  return found
    .filter(({ part }) => part !== 'api')
    .map(({ details }) => {
      const of = environmentOf(details);
      return {
        container: nameOf(details),
        instance: of('PORTWARD_INSTANCE') || 'default',
        temporal: of('TEMPORAL_ADDRESS') || null,
      };
    });
}

export function judgeInstance(instance: string, workers: readonly Worker[]): Finding {
  const same = workers.filter((worker) => worker.instance === instance);
  // Workers on one Temporal server share the work.
  const apart = new Set(same.map(({ temporal, container }) => temporal ?? container));
  if (apart.size <= 1) return ok(`no second Portward with PORTWARD_INSTANCE ${instance} is seen on this Docker host`);
  const containers = same.flatMap(({ container }) => container ?? []);
  const isOutside = containers.length < same.length;
  const named = `container${containers.length === 1 ? '' : 's'} ${containers.join(', ')}`;
  const stop = isOutside ? containers : containers.slice(1);
  return warning(
    `${named}${isOutside ? ' and a program outside of containers' : ''} are Portwards with PORTWARD_INSTANCE ${instance} and databases of their own`,
    'on a VPN that both have, each replaces engines of the other at first; then one of them only watches',
    `stop all but one (docker stop ${stop.join(' ')}), or give each another PORTWARD_INSTANCE and VPNs of its own`,
  );
}
