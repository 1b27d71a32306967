import { DockerUnreachable } from '../../../clients/docker/docker-error';
import type { Check } from '../../check';
import { ok, unknown, warning, wrong, type Finding } from '../../finding';
import type { DockerVersion, Site } from '../../site';
import { messageOf } from '../../../lib/errors';

export function reachable(site: Site): Check {
  return {
    id: 'docker.reachable',
    title: 'Docker',
    vpn: null,
    look: async () => {
      try {
        return judgeVersion(await site.version(), addressOf(site.env['DOCKER_HOST']));
      } catch (error) {
        return judgeFailure(error);
      }
    },
  };
}

/** Older releases are not tested, and lack details of events and networks that Portward needs. */
const OLDEST = { major: 20, minor: 10 };

/** @param found null: a filtering proxy hides the version */
export function judgeVersion(found: Pick<DockerVersion, 'Version' | 'Components'> | null, address: string): Finding {
  if (found === null) return ok(`it answers at ${address}, and a filtering proxy hides its version`);
  const { Version: version, Components: parts } = found;
  if (parts?.[0]?.Name.startsWith('Podman') === true)
    return warning(
      `Podman ${version} answers at ${address}`,
      'Portward is not tested with Podman',
      'see docs/guides/docker-set-ups.md for what it takes',
    );
  const [, major = NaN, minor = NaN] = /^(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  if (!isOld) return ok(`release ${version} answers at ${address}`);
  return warning(
    `release ${version} answers at ${address}`,
    `releases before ${OLDEST.major}.${OLDEST.minor} are not known to work`,
    'update Docker Engine',
  );
}

/** The error says what to do, for example about a socket that this user may not use. */
export function judgeFailure(error: unknown): Finding {
  if (!(error instanceof DockerUnreachable)) return unknown(messageOf(error));
  return wrong(error.problem.what, 'no VPN and no engine can be seen', error.problem.todo);
}

function addressOf(dockerHost: string | undefined): string {
  return dockerHost || 'unix:///var/run/docker.sock';
}
