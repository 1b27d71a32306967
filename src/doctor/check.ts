import { withDeadline } from '../lib/deadline';
import { DockerUnreachable, statusCode } from '../clients/docker/docker-error';
import { NotChecked, unknown, type Finding } from './finding';
import { messageOf } from '../lib/errors';

/** One check of a set-up. `look` gathers facts, and a pure function in the same file judges them. */
export interface Check {
  /** A name for programs, for example `docker.events`. */
  readonly id: string;
  /** A title for users, at the beginning of the line. */
  readonly title: string;
  /** The VPN that it concerns; null: the whole set-up. */
  readonly vpn: string | null;
  /** Changes nothing. Returns several findings if several things may be wrong at once. */
  look(signal: AbortSignal): Promise<Finding | readonly Finding[]>;
}

export type Result = Pick<Check, 'id' | 'title' | 'vpn'> & Finding;

const WITHIN_MS = 10_000;

/**
 * Runs all checks at once, and returns their findings in the order of the checks. A check that fails or hangs is
 * reported as unknown.
 */
export async function examine(checks: readonly Check[], withinMs = WITHIN_MS): Promise<Result[]> {
  const looks = checks.map(async (check) => {
    const { id, title, vpn } = check;
    const findings = await findingsOf(check, withinMs);
    return findings.map((finding): Result => ({ id, title, vpn, ...finding }));
  });
  return (await Promise.all(looks)).flat();
}

async function findingsOf(check: Check, withinMs: number): Promise<readonly Finding[]> {
  try {
    const found = await withDeadline(withinMs, new AbortController().signal, async (signal) => check.look(signal));
    return 'verdict' in found ? [found] : found;
  } catch (error) {
    if (error instanceof NotChecked) return [unknown(error.message)];
    if (error instanceof DockerUnreachable) return [unknown("Docker can't be asked")];
    // Only errors of Docker have a status, and Docker itself never answers 403.
    if (statusCode(error) === 403)
      return [unknown('a filtering proxy in front of Docker refuses a call that this check needs')];
    return [unknown(`it could not be checked: ${messageOf(error)}`)];
  }
}
