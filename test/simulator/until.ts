import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks until the look finds something other than null, undefined or false, and resolves with it.
 * @param limitMs when it is given up: an end for what hangs, not a measure, so it has room for a busy machine, and for a workflow task
 * that is lost with a worker or a server, for which Temporal waits 20 s
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  // Most looks are questions to a whole program, which has other things to do.
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.15, 100)) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`expected within ${limitMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}
