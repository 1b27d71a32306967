import type { Port } from '../../domain/engine';
import type { EngineExit } from '../../domain/engine-exit';
import { outputLines } from '../../clients/docker/reading/container-output';
import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import { shownLine } from '../../clients/engine/last-words';

const LINES = 20;

interface LastWords extends Pick<EngineExit, 'lastLine'> {
  /** Unfiltered: it may hold secrets, and must not be shown. */
  readonly output: readonly string[];
}

/** The last output of an engine's program. @param ports the engine's own, which are not hidden in it */
export async function lastWords(
  { Id, Config }: ContainerDetails,
  ports: readonly Port[],
  docker: DockerHost,
): Promise<LastWords> {
  const output = outputLines(await lastOutput(docker, Id), Config.Tty);
  const last = output.at(-1);
  return { lastLine: last === undefined ? null : shownLine(last, Config.Env ?? [], ports), output };
}

/** Empty if it can't be read: the log driver keeps none, or a proxy in front of Docker refuses it. */
async function lastOutput(docker: DockerHost, id: string): Promise<Buffer> {
  try {
    return await docker.logs(id, LINES);
  } catch {
    return Buffer.alloc(0);
  }
}
