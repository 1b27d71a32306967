import { isConflict, isMissing } from '../simulator/docker-errors';

/** A fault could not happen because its target is missing. */
export class NotPossible extends Error {}

/** Errors of a VPN, an engine, the API or Docker that mean that another fault has just taken the target down or changed it. */
const IN_THE_WAY = [
  /expected 200, found 409 /,
  /no answer in \d+ ms|aborted due to timeout/,
  /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|ENOENT|EPIPE|socket hang up/,
  /expected a running container/,
  /expected Docker to say healthy/,
];

/** Whether another fault prevented this one. Any other error is a bug of the harness. */
export function wasHindered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NotPossible || isMissing(error) || isConflict(error)) return true;
  // `fetch` has the reason only in `cause`.
  return IN_THE_WAY.some((text) => text.test(error.message)) || wasHindered(error.cause);
}
