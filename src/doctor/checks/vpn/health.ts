import { dockerHealth } from '../../../activities/docker/snapshot';
import type { DockerHealth } from '../../../domain/vpn/observation';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { VpnSite } from '../../vpn-site';

export function health(vpn: VpnSite): Check {
  return {
    id: 'vpn.health',
    title: 'health',
    vpn: vpn.name,
    look: async () => judgeHealth(vpn.name, dockerHealth((await vpn.running()).State.Health?.Status)),
  };
}

export function judgeHealth(vpn: string, is: DockerHealth): Finding {
  switch (is) {
    case 'healthy':
      return ok('its health check says healthy');
    case 'starting':
      return warning(
        'its health check has no result yet',
        'its engines are hidden until it says healthy',
        `wait a minute, then look again; \`docker logs ${vpn}\` says how the VPN comes up`,
      );
    case 'unhealthy':
      return wrong(
        'its health check says unhealthy',
        'its engines are hidden',
        `\`docker logs ${vpn}\` says why; often it is the VPN's key, or the server that was chosen`,
      );
    case 'none':
      return warning(
        'it has no health check',
        'a VPN that is dead counts as healthy, and its engines stay listed',
        'use an image with a HEALTHCHECK, as Gluetun has one, and leave it on (no `healthcheck: disable`)',
      );
  }
}
