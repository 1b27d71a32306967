import { ApplicationFailure } from '@temporalio/common';
import type { EngineRef } from '../../domain/engine';
import { REFUSED_BY_DOCKER } from '../../domain/replacement';
import type { DockerHost } from '../../clients/docker/docker-host';
import { refusable, removeEngine } from './remove-engine';
import type { ActivityDeps } from '../deps';

export interface EvictionOrder {
  readonly vpn: string;
  readonly engines: readonly EngineRef[];
  /**
   * For how long, in ms, lists must have been served without the engines (list propagation). 0: do not wait for that.
   */
  readonly propagationMs: number;
}

export interface Evicted {
  /** Engines that Docker may still restart, and its error. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  /** Every process that asks gets a list without the engines; false: the VPN's workflow did not answer in time. */
  readonly propagated: boolean;
}

/** Sets the engines' restart policy, so that Docker does not restart them. */
export async function forbidRestarts(docker: DockerHost, engines: readonly EngineRef[]): Promise<Evicted['refused']> {
  const refused = await Promise.all(
    engines.map(async ({ id, name }) => {
      const reason = await refusalOf(() => refusable(docker, id, () => docker.forbidRestart(id)));
      return reason === null ? [] : [{ name, reason }];
    }),
  );
  return refused.flat();
}

/** Stops and removes an engine. An engine that can't be stopped is killed by its removal. */
export async function releaseEngine(
  { engine: { id }, timeoutS }: { readonly engine: EngineRef; readonly timeoutS: number },
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<void> {
  await refusalOf(() => refusable(deps.docker, id, () => deps.docker.stop(id, timeoutS)));
  await removeEngine(id, deps);
}

/** Docker's error if it refused the step, null if it carried it out. @throws any other error */
async function refusalOf(step: () => Promise<void>): Promise<string | null> {
  try {
    await step();
    return null;
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === REFUSED_BY_DOCKER) return error.message;
    throw error;
  }
}
