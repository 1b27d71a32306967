import { DeadlineExceeded } from '../deadline';

/** Docker itself could not be asked, as opposed to an answer that says no. */
export class DockerUnreachable extends Error {
  constructor(cause: string) {
    super(`Docker is not reachable: ${cause}; is the engine running, and may this user read its socket?`);
    this.name = 'DockerUnreachable';
  }
}

export function statusCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** Docker's own words when it answered, `DockerUnreachable` when it did not. */
export function dockerError(error: unknown): Error {
  if (statusCode(error) !== null) return error instanceof Error ? error : new Error(String(error));
  if (error instanceof DeadlineExceeded) return new DockerUnreachable('it gave no answer in time');
  if (error instanceof Error && error.name === 'AbortError') {
    const late = error.cause instanceof Error && error.cause.name === 'TimeoutError';
    return late ? new DockerUnreachable('it gave no answer in time') : error;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  return new DockerUnreachable(code !== '' && !message.includes(code) ? `${code} ${message}` : message);
}
