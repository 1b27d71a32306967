import type { ReplacementJson } from '../src/api/schemas/engines';

// As documented: an engine that dies is replaced at once; if its like fail again within 10 minutes, the next one waits
// 5 s, then 10 s, 20 s, up to 5 minutes. I3 can't hold before that.

export const FAILURE_MEMORY_MS = 10 * 60_000;
const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
const FAILURES = ['engine died', 'engine unhealthy', 'engine missing'];

type Ended = Pick<ReplacementJson, 'cause' | 'started_at' | 'new_port'>;

/** How long the next engine of either kind would be waited for if it failed now, as Portward sees it; ms. */
export function nextWait(replacements: readonly Ended[], now: number): number {
  return Math.max(...roles(replacements, Infinity, now).map(({ count }) => wait(count)));
}

/**
 * When the last of those that failed may be brought up, in ms since the epoch.
 * @param caused how many failures there can have been; those that are reported beyond it extend nothing
 */
export function dueAt(replacements: readonly Ended[], caused: number, now: number): number {
  return Math.max(...roles(replacements, caused, now).map(({ count, latest }) => latest + wait(count)));
}

function wait(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** Of each role the oldest failures, at most so many: a Portward that goes on reporting them would never be late. */
function roles(replacements: readonly Ended[], most: number, now: number): { count: number; latest: number }[] {
  const recent = replacements.filter(
    (r) => FAILURES.includes(r.cause) && Date.parse(r.started_at) > now - FAILURE_MEMORY_MS,
  );
  return [true, false].map((forwarded) => {
    const begins = recent.filter((r) => (r.new_port !== null) === forwarded).map((r) => Date.parse(r.started_at));
    const counted = begins.toSorted((a, b) => a - b).slice(0, most);
    return { count: counted.length, latest: Math.max(0, ...counted) };
  });
}
