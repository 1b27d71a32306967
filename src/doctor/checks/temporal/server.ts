import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { TemporalSite } from '../../temporal-site';

/** Older servers lack user metadata or update details that the workflows rely on. */
const OLDEST = { major: 1, minor: 27 };

export function server(temporal: TemporalSite): Check {
  return {
    id: 'temporal.server',
    title: 'Temporal',
    vpn: null,
    look: async () => {
      const { address, isEmbedded } = await temporal.place();
      if (address === null) return ok('Portward starts a server of its own; it does not run now');
      try {
        return judgeServer({ version: await temporal.version(), address, isEmbedded });
      } catch (error) {
        return judgeFailure(address, error instanceof Error ? error.message : String(error));
      }
    },
  };
}

export interface ServerFacts {
  readonly version: string;
  readonly address: string;
  readonly isEmbedded: boolean;
}

export function judgeServer({ version, address, isEmbedded }: ServerFacts): Finding {
  const [, major = NaN, minor = NaN] = /^(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const found = `server ${version} answers at ${address}${isEmbedded ? ', started by Portward' : ''}`;
  const isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  if (!isOld) return ok(found);
  return wrong(
    found,
    `Portward needs ${OLDEST.major}.${OLDEST.minor} or later`,
    isEmbedded ? 'unset TEMPORAL_CLI_PATH, or update the `temporal` that it names' : 'update the Temporal server',
  );
}

/** @param reason Portward's own words for what Temporal's client says */
export function judgeFailure(address: string, reason: string): Finding {
  const [found = '', ...todo] = reason.split(': ');
  return wrong(
    `${address}: ${found}`,
    'Portward can not begin its work without it',
    todo.length > 0 ? todo.join(': ') : null,
  );
}
