import { statSync } from 'node:fs';
import { statusCode } from '../../../clients/docker/docker-error';
import type { Check } from '../../check';
import { ok, warning, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

/** Docker's answer takes some time, so the clocks may seem to differ by this much. */
const APART_S = 5;

export interface ClockFacts {
  readonly now: number;
  /** When this program was built: the present can't be before that. */
  readonly built: number;
  /** The Docker host's clock, and how long its answer took; null if it does not say. */
  readonly docker: { readonly time: number; readonly tookMs: number } | null;
}

export function clock(site: Site): Check {
  return {
    id: 'machine.clock',
    title: 'clock',
    vpn: null,
    look: async () => {
      const built = statSync(__filename).mtimeMs;
      const docker = await dockersClock(site).catch(() => null);
      return judgeClock({ now: Date.now(), built, docker });
    },
  };
}

async function dockersClock(site: Site): Promise<ClockFacts['docker']> {
  await site.version();
  const began = Date.now();
  try {
    const { SystemTime } = (await site.dockerode.info()) as { SystemTime?: string };
    const time = Date.parse(SystemTime ?? '');
    return Number.isNaN(time) ? null : { time, tookMs: Date.now() - began };
  } catch (error) {
    if (statusCode(error) === null) throw error;
    return null;
  }
}

export function judgeClock({ now, built, docker }: ClockFacts): Finding {
  const shown = new Date(now).toISOString();
  if (now < built)
    return wrong(
      `it says ${shown}, but this program was built at ${new Date(built).toISOString()}`,
      'certificates count as invalid, and times in lists are wrong',
      'set the clock, for example by systemd-timesyncd or chrony',
    );
  if (docker === null) return ok(`it says ${shown}`);
  const apartS = Math.round((docker.time - now) / 1000);
  if (Math.abs(apartS) * 1000 <= APART_S * 1000 + docker.tookMs)
    return ok(`it says ${shown}, and so does the Docker host`);
  return warning(
    `the Docker host's clock is ${Math.abs(apartS)} s ${apartS > 0 ? 'ahead of' : 'behind'} this one`,
    'Portward orders events around the start of a container wrongly, and may replace engines because of that',
    'synchronise both clocks with the network (systemd-timesyncd, chrony)',
  );
}
