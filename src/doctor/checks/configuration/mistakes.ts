import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export function mistakes({ mistakes: found, config, env }: Site): Check {
  return {
    id: 'configuration.variables',
    title: 'variables',
    vpn: null,
    look: async () => judgeMistakes(found, config?.vpns.map(({ name }) => name) ?? [], namesAnyVpn(env)),
  };
}

function namesAnyVpn(env: Site['env']): boolean {
  return ['GLUETUN_CONTAINER_NAME', 'GLUETUN_CONTAINER_NAMES'].some((name) => (env[name] ?? '').trim() !== '');
}

/** @param hasVpn a VPN is named, so the user has begun to write an `.env` */
export function judgeMistakes(
  found: readonly string[],
  vpns: readonly string[],
  hasVpn: boolean,
): Finding | readonly Finding[] {
  if (found.length === 0) return ok(`all variables are valid; VPNs: ${vpns.join(', ')}`);
  return found.map((mistake) =>
    wrong(
      mistake,
      'Portward does not start like this',
      hasVpn || !mistake.startsWith('GLUETUN_CONTAINER_NAME:')
        ? 'correct it in .env, or where the environment is set'
        : 'let `portward init` find your VPN containers and write an .env, or set GLUETUN_CONTAINER_NAME in .env to a name from `docker ps`',
    ),
  );
}
