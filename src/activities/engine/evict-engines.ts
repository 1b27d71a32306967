import { ApplicationFailure } from '@temporalio/common';
import type { EngineRef } from '../../domain/engine';
import { REFUSED_BY_DOCKER } from '../../domain/replacement';
import type { DockerHost } from '../../clients/docker/docker-host';
import { refusable, removeEngine } from './remove-engine';
import type { ActivityDeps } from '../deps';

export interface EvictionOrder {
  readonly vpn: string;
  readonly engines: readonly EngineRef[];
  /** For so long every list that is asked for has to be one without them; 0: that is not waited for. */
  readonly heardMs: number;
}

export interface Evicted {
  /** Engines that Docker may revive all the same, and its words. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  /** All who ask have a list without them; false: that does not come about. */
  readonly heard: boolean;
}

/** From now on Docker will not revive the engines. */
export async function forbidRestarts(docker: DockerHost, engines: readonly EngineRef[]): Promise<Evicted['refused']> {
  const refused = await Promise.all(
    engines.map(async ({ id, name }) => {
      const reason = await refusalOf(() => refusable(docker, id, () => docker.forbidRestart(id)));
      return reason === null ? [] : [{ name, reason }];
    }),
  );
  return refused.flat();
}

/** Stops and removes an engine. What can't be stopped is killed when it is removed. */
export async function releaseEngine(
  { engine: { id }, timeoutS }: { readonly engine: EngineRef; readonly timeoutS: number },
  deps: Pick<ActivityDeps, 'docker' | 'containerLabel' | 'instance'>,
): Promise<void> {
  await refusalOf(() => refusable(deps.docker, id, () => deps.docker.stop(id, timeoutS)));
  await removeEngine(id, deps);
}

/** Docker's words for not carrying out the step; null: it did. @throws what else became of it */
async function refusalOf(step: () => Promise<void>): Promise<string | null> {
  try {
    await step();
    return null;
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === REFUSED_BY_DOCKER) return error.message;
    throw error;
  }
}
