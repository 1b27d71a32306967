import { isConflict, isMissing } from '../simulator/docker-errors';

/** A fault that could not be done, since what it is to be done to is not there. */
export class NotPossible extends Error {}

/** What a VPN, an engine, the API or Docker says that another fault has just taken down or changed. */
const IN_THE_WAY = [
  /expected 200, found 409 /,
  /no answer in \d+ ms|aborted due to timeout/,
  /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|ENOENT|EPIPE|socket hang up/,
  /expected a running container/,
  /expected Docker to say healthy/,
];

/** Whether another fault stood in the way of this one; anything else is a mistake of the harness. */
export function wasHindered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NotPossible || isMissing(error) || isConflict(error)) return true;
  // `fetch` says why only in the cause.
  return IN_THE_WAY.some((text) => text.test(error.message)) || wasHindered(error.cause);
}
