import type { Port } from '../../domain/engine';
import type { EngineExit } from '../../domain/engine-exit';
import { outputLines } from '../../clients/docker/reading/container-output';
import type { ContainerDetails, DockerHost } from '../../clients/docker/docker-host';
import { shownLine } from '../../clients/engine/last-words';

const LINES = 20;

/** What an engine's program has written lately. @param ports its own */
export async function lastWords(
  { Id, Config }: ContainerDetails,
  ports: readonly Port[],
  docker: DockerHost,
): Promise<Pick<EngineExit, 'lastLine'> & { /** Not to be shown. */ readonly output: readonly string[] }> {
  const output = outputLines(await lastOutput(docker, Id), Config.Tty);
  const last = output.at(-1);
  return { lastLine: last === undefined ? null : shownLine(last, Config.Env ?? [], ports), output };
}

/** Nothing where it can't be read: the log driver keeps none, or a proxy before Docker refuses it. */
async function lastOutput(docker: DockerHost, id: string): Promise<Buffer> {
  try {
    return await docker.logs(id, LINES);
  } catch {
    return Buffer.alloc(0);
  }
}
