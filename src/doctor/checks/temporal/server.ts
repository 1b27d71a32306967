import { NOT_IN_TIME } from '../../../temporal/failure-words';
import { isTooOld, OLDEST_SERVER } from '../../../temporal/oldest-server';
import { assertCanListen } from '../../../lib/listening-port';
import { ProblemError, type Problem } from '../../../lib/problem';
import type { Check } from '../../check';
import { ok, wrong, type Finding } from '../../finding';
import { TemporalError, type TemporalPlace, type TemporalSite } from '../../temporal-site';

export function server(temporal: TemporalSite): Check {
  return {
    id: 'temporal.server',
    title: 'Temporal',
    vpn: null,
    look: async () => {
      const { address, isEmbedded } = await temporal.place();
      if (address === null) {
        const taken = await whyNotToStart(temporal.ports());
        return taken === null ? ok('Portward starts a server of its own; it does not run now') : judgePlace(taken);
      }
      try {
        return judgeServer({ version: await temporal.version(), address, isEmbedded });
      } catch (error) {
        if (!(error instanceof TemporalError)) throw error;
        return judgeFailure({ address, isEmbedded }, error.problem);
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
  const found = `server ${version} answers at ${address}${isEmbedded ? ', started by Portward' : ''}`;
  if (!isTooOld(version)) return ok(found);
  return wrong(
    found,
    `Portward needs ${OLDEST_SERVER} or later`,
    isEmbedded ? 'unset TEMPORAL_CLI_PATH, or update the `temporal` that it names' : 'update the Temporal server',
  );
}

/** @param failed the problem in Portward's words */
export function judgeFailure({ address, isEmbedded }: TemporalPlace, failed: Problem): Finding {
  const isSilent = failed.what === NOT_IN_TIME;
  const found = isSilent
    ? 'a program accepts connections there, but does not answer as a Temporal server'
    : failed.what;
  const port = isEmbedded ? '' : "; it is the server's gRPC port, 7233 by default, and not that of its UI";
  const todo = isSilent ? 'check that the server is not overloaded, and that TEMPORAL_ADDRESS is right' : failed.todo;
  return wrong(
    `${address}: ${found}`,
    'Portward can not work without it',
    todo !== null && todo.includes('TEMPORAL_ADDRESS') ? `${todo}${port}` : todo,
  );
}

/** The ports of Portward's own server can't be used. */
export function judgePlace({ what, todo }: Problem): Finding {
  return wrong(what, "Portward's own Temporal server does not start like this", todo);
}

async function whyNotToStart(places: Parameters<typeof assertCanListen>[0][]): Promise<Problem | null> {
  for (const place of places) {
    try {
      await assertCanListen(place);
    } catch (error) {
      if (error instanceof ProblemError) return error.problem;
      throw error;
    }
  }
  return null;
}
