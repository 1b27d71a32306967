import type { ReplacementJson } from '../src/api/schemas';

// As documented: an engine that dies is replaced at once; if its like fail again within 10 minutes, the next one waits
// 5 s, then 10 s, 20 s, up to 5 minutes. I3 can't hold before that.

const MEMORY_MS = 10 * 60_000;
const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
const FAILURES = ['engine died', 'engine unhealthy', 'engine missing'];

type Ended = Pick<ReplacementJson, 'cause' | 'started_at' | 'new_port'>;

/** How long the next engine of either kind would be waited for if it failed now; ms. */
export function nextWait(replacements: readonly Ended[], now: number): number {
  return Math.max(...roles(replacements, now).map(({ count }) => wait(count)));
}

/** When the last of those that failed may be brought up, in ms since the epoch. */
export function dueAt(replacements: readonly Ended[], now: number): number {
  return Math.max(...roles(replacements, now).map(({ count, latest }) => latest + wait(count)));
}

function wait(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

function roles(replacements: readonly Ended[], now: number): { count: number; latest: number }[] {
  const recent = replacements.filter((r) => FAILURES.includes(r.cause) && Date.parse(r.started_at) > now - MEMORY_MS);
  return [true, false].map((forwarded) => {
    const alike = recent.filter((r) => (r.new_port !== null) === forwarded);
    return { count: alike.length, latest: Math.max(0, ...alike.map((r) => Date.parse(r.started_at))) };
  });
}
