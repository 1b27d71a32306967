import { COMPOSE_SERVICE } from '../../../clients/docker/listed-container';
import { downtime } from '../../../clients/docker/reading/downtime';
import type { Downtime } from '../../../domain/vpn/observation';
import { absent, notRunning } from '../../../domain/vpn/problems';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

export function container(vpn: VpnSite): Check {
  return {
    id: 'vpn.container',
    title: 'container',
    vpn: vpn.name,
    look: async () => {
      const details = await vpn.found();
      if (details) return judgePresent(vpn.name, details.Config.Image, downtime(details));
      const ofService = await vpn.site.docker.list([`${COMPOSE_SERVICE}=${vpn.name}`]);
      return judgeAbsent(
        vpn.name,
        ofService.map(({ name }) => name),
      );
    },
  };
}

export function judgePresent(vpn: string, image: string, down: Downtime | null): Finding {
  if (down === null) return ok(`it runs, with image ${image}`);
  const { what, todo } = notRunning(vpn, down);
  return wrong(what, 'engines have no network without it', todo ?? `fix that, then \`docker start ${vpn}\``);
}

/** @param ofService containers of a Compose service with that name */
export function judgeAbsent(vpn: string, ofService: readonly string[]): Finding {
  const { what, todo } = absent(vpn, ofService);
  return wrong(what, 'its engines need its network', todo);
}
