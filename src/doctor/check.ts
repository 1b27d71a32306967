import { withDeadline } from '../lib/deadline';
import { DockerUnreachable, statusCode } from '../clients/docker/docker-error';
import { NotLooked, unknown, type Finding } from './finding';
import { messageOf } from '../lib/errors';

/** One thing to look at. `look` gathers what a pure function of the same file then judges. */
export interface Check {
  /** For programs, for example `docker.events`. */
  readonly id: string;
  /** What it is about, for people: at the beginning of the line. */
  readonly title: string;
  /** The VPN that it is about; null: all of it. */
  readonly vpn: string | null;
  /** Changes nothing. More than one finding where several things may be wrong at once. */
  look(signal: AbortSignal): Promise<Finding | readonly Finding[]>;
}

export type Result = Pick<Check, 'id' | 'title' | 'vpn'> & Finding;

const WITHIN_MS = 10_000;

/** Looks at everything side by side. One that fails to look says so, and none hangs. In the order of the checks. */
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
    if (error instanceof NotLooked) return [unknown(error.message)];
    if (error instanceof DockerUnreachable) return [unknown("Docker can't be asked")];
    // Only Docker's errors have a status, and Docker itself forbids nothing.
    if (statusCode(error) === 403) return [unknown('a filtering proxy before Docker refuses a call that this takes')];
    return [unknown(`it could not be looked at: ${messageOf(error)}`)];
  }
}
