import type { ReplacementJson } from '../src/api/schemas/engines';

// The documented pauses: an engine that dies is replaced at once; if engines of its role fail again within 10 minutes, the
// next one waits 5 s, then 10 s, 20 s, up to 5 minutes. I3 can't hold before such a pause is over.

export const FAILURE_MEMORY_MS = 10 * 60_000;
const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
const FAILURES = ['engine died', 'engine unhealthy', 'engine missing'];

type Ended = Pick<ReplacementJson, 'cause' | 'started_at' | 'new_port'>;

/** The pause after which Portward would replace the next engine, of either role, if it failed now; ms. */
export function nextWait(replacements: readonly Ended[], now: number): number {
  return Math.max(...roles(replacements, Infinity, now).map(({ count }) => wait(count)));
}

/**
 * When the pause after the latest failure is over, in ms since the epoch.
 * @param caused how many failures the harness can have caused; further ones that Portward reports do not count
 */
export function dueAt(replacements: readonly Ended[], caused: number, now: number): number {
  return Math.max(...roles(replacements, caused, now).map(({ count, latest }) => latest + wait(count)));
}

function wait(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

/** Counts the oldest failures of each role, at most `most`: otherwise a Portward that kept reporting failures would never be late. */
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
