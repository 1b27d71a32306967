import { DockerUnreachable } from '../../../clients/docker/docker-error';
import type { Check } from '../../check';
import { ok, unknown, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

export function reachable(site: Site): Check {
  return {
    id: 'docker.reachable',
    title: 'Docker',
    vpn: null,
    look: async () => {
      try {
        return judgeVersion((await site.version())?.Version ?? null, addressOf(site.env['DOCKER_HOST']));
      } catch (error) {
        return judgeFailure(error);
      }
    },
  };
}

/** Its older releases are not tested, and lack what events and networks tell here. */
const OLDEST = { major: 20, minor: 10 };

/** @param version null: a filtering proxy keeps it back */
export function judgeVersion(version: string | null, address: string): Finding {
  if (version === null) return ok(`it answers at ${address}, and what stands before it keeps its version back`);
  const [, major = NaN, minor = NaN] = /^(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  if (!isOld) return ok(`release ${version} answers at ${address}`);
  return warning(
    `release ${version} answers at ${address}`,
    `releases before ${OLDEST.major}.${OLDEST.minor} are not known to work`,
    'update Docker Engine',
  );
}

/** The error says what to do: which socket may not be read, or what does not run. */
export function judgeFailure(error: unknown): Finding {
  if (!(error instanceof DockerUnreachable)) return unknown(error instanceof Error ? error.message : String(error));
  const [found = '', todo = null] = error.message.split('; ');
  return wrong(found, 'no VPN and no engine can be seen', todo);
}

function addressOf(dockerHost: string | undefined): string {
  return dockerHost || 'unix:///var/run/docker.sock';
}
