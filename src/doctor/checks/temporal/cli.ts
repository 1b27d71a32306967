import type { Problem } from '../../../lib/problem';
import { cacheDir } from '../../../config/folders';
import { CORRECT_PATH, findTemporalCli, TemporalCliMissingError, whyUnfit } from '../../../embedded-temporal/cli/cli';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import type { Site } from '../../site';

/** Checks Temporal's CLI, which contains Portward's own Temporal server. */
export function cli(site: Site): Check {
  return {
    id: 'temporal.cli',
    title: "Temporal's CLI",
    vpn: null,
    look: async () => {
      if (site.settings.temporal.address !== null) return ok('not needed, since TEMPORAL_ADDRESS is set');
      const unfit: string[] = [];
      const log = { info: () => undefined, warn: (said: string) => unfit.push(said) };
      try {
        const path = await findTemporalCli({ env: site.env, cacheDir: cacheDir(site.env), log });
        const chosen = site.env['TEMPORAL_CLI_PATH'] === path ? path : undefined;
        const reason = chosen === undefined ? undefined : await whyUnfit(chosen);
        return reason === undefined ? judgeCli(path ?? null, unfit) : judgeChosen(chosen ?? '', reason);
      } catch (error) {
        if (error instanceof TemporalCliMissingError) return judgeMissing(error.problem);
        throw error;
      }
    },
  };
}

/** @param unfit why CLIs that were found are not used */
export function judgeCli(path: string | null, unfit: readonly string[]): Finding {
  const note = unfit.length > 0 ? ` (${unfit.join('; ')})` : '';
  if (path !== null) return ok(`${path}${note}`);
  return ok(`it is not there yet${note}: the first start downloads it (about 40 MB), or builds it with Go`);
}

/** @param reason why the file that TEMPORAL_CLI_PATH names can't be used */
export function judgeChosen(path: string, reason: string): Finding {
  return wrong(`TEMPORAL_CLI_PATH is ${path}, which can not be used: ${reason}`, NO_SERVER, CORRECT_PATH);
}

const NO_SERVER = "Portward's own Temporal server can't be started";

export function judgeMissing({ what, todo }: Problem): Finding {
  return wrong(what, NO_SERVER, todo);
}
