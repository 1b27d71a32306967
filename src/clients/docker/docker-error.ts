import { isInContainer } from '../../lib/container-mark';
import { DeadlineExceeded } from '../../lib/deadline';
import type { Problem } from '../../lib/problem';
import { asError, messageOf } from '../../lib/errors';

/** Docker could not be asked, as opposed to an answer that refuses something. */
export class DockerUnreachable extends Error {
  readonly problem: Problem;

  constructor(
    cause: string,
    /**
     * A constant word for the reason, while the text may differ from call to call: Node's error code, `timeout` or
     * `broken`.
     */
    readonly reason: string,
  ) {
    const problem = { what: `Docker is not reachable: ${cause}`, todo: remedy(reason) };
    super(`${problem.what}; ${problem.todo}`);
    this.problem = problem;
    this.name = 'DockerUnreachable';
  }
}

/** The reason if a program other than Docker answers. */
export const NOT_DOCKER = 'not Docker';

function remedy(reason: string): string {
  if (reason === NOT_DOCKER)
    return "set DOCKER_HOST to Docker Engine's address, or unset it to use the socket of this machine";
  if (reason !== 'EACCES')
    return 'see that Docker Engine is installed and runs, and that DOCKER_HOST is its address if it is set';
  return isInContainer()
    ? 'set DOCKER_GID to what `stat -c %g /var/run/docker.sock` prints on the Docker host, and re-create this container'
    : "let this user use Docker's socket: `sudo usermod -aG docker $USER`, then log in again";
}

export function statusCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** Docker's error if it answered, `DockerUnreachable` if it did not. */
export function dockerError(error: unknown): Error {
  if (error instanceof DockerUnreachable) return error;
  if (statusCode(error) !== null) return asError(error);
  if (error instanceof DeadlineExceeded) return new DockerUnreachable('it gave no answer in time', 'timeout');
  if (error instanceof Error && error.name === 'AbortError') {
    const late = error.cause instanceof Error && error.cause.name === 'TimeoutError';
    return late ? new DockerUnreachable('it gave no answer in time', 'timeout') : error;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  const cause = code !== '' && !message.includes(code) ? `${code} ${message}` : message;
  return new DockerUnreachable(cause, code === '' || BROKEN.has(code) ? 'broken' : code);
}

/** The connection was lost after it was made. The next connection shows why. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

export interface WhyUnreachable {
  readonly problem: string;
  readonly cause: string;
}

/** Why Docker is unreachable: as a text, and as a word that tells one reason from another. */
export function whyUnreachable(error: unknown): WhyUnreachable {
  if (error instanceof DockerUnreachable) return { problem: error.message, cause: error.reason };
  const status = statusCode(error);
  return { problem: `Docker can't be asked: ${String(error)}`, cause: status === null ? 'unknown' : `HTTP ${status}` };
}
