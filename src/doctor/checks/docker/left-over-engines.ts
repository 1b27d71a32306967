import type { ListedContainer } from '../../../clients/docker/listed-container';
import { label } from '../../../domain/names';
import type { Check } from '../../check';
import { ok, warning, type Finding } from '../../finding';
import type { Site } from '../../site';

export function leftOverEngines(site: Site): Check {
  return {
    id: 'docker.left-over-engines',
    title: 'left-over engines',
    vpn: null,
    look: async () => {
      const { containerLabel, instance, vpns } = site.settings;
      const found = await site.docker.list([containerLabel]);
      return judgeEngines(found, { instance, vpns: vpns.map(({ name }) => name) });
    },
  };
}

type Labelled = Pick<ListedContainer, 'name' | 'labels'>;

/** @param found all containers with CONTAINER_LABEL; those of another instance belong to another Portward */
export function judgeEngines(
  found: readonly Labelled[],
  { instance, vpns }: { readonly instance: string; readonly vpns: readonly string[] },
): Finding {
  const ours = found.filter(({ labels }) => [undefined, instance].includes(labels[label.instance]));
  const stray = ours.filter(({ labels }) => !vpns.includes(labels[label.vpn] ?? ''));
  if (ours.length === 0) return ok('there is no engine yet');
  if (stray.length === 0) return ok('every engine belongs to a configured VPN');
  const of = [...new Set(stray.map(({ labels }) => labels[label.vpn] ?? 'no VPN'))].join(' and ');
  const names = stray.map(({ name }) => name);
  return warning(
    `${stray.length === 1 ? 'engine' : 'engines'} ${names.join(', ')} of ${of}, which is not configured`,
    'no Portward manages or lists them, and they keep their ports',
    `docker rm -f ${names.join(' ')}`,
  );
}
