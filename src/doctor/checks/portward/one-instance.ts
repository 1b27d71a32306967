import { nameOf } from '../../../clients/docker/reach/reach';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import { environmentOf, portwards } from '../../portwards';
import type { Site } from '../../site';

/** A container in which a Portward works on VPNs. */
export interface Worker {
  readonly container: string;
  readonly instance: string;
  /** Null: it keeps its database for itself. */
  readonly temporal: string | null;
}

/** Two Portwards with databases of their own, and one PORTWARD_INSTANCE, replace each other's engines. */
export function oneInstance(site: Site): Check {
  return {
    id: 'portward.one-instance',
    title: 'instance',
    vpn: null,
    look: async () => judgeInstance(site.settings.instance, await workersOn(site)),
  };
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
  // On one Temporal server they share the work.
  const apart = new Set(same.map(({ temporal, container }) => temporal ?? container));
  if (apart.size <= 1) return ok(`no second Portward with PORTWARD_INSTANCE ${instance} is seen on this Docker host`);
  const names = same.map(({ container }) => container);
  return warning(
    `containers ${names.join(', ')} are Portwards with PORTWARD_INSTANCE ${instance} and databases of their own`,
    'on a VPN that both have, each replaces engines of the other at first; then one of them only watches',
    `stop all but one (docker stop ${names.slice(1).join(' ')}), or give each another PORTWARD_INSTANCE and VPNs of its own`,
  );
}
