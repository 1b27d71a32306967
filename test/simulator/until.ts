import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `look` until it returns something other than null, undefined or false, and resolves with that.
 * @param what for the error text @param limitMs when to give up. It only ends tests that hang, so it is long enough for a busy machine and
 * for a workflow task that is lost with a worker or a server, for which Temporal waits 20 s.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  // The pauses grow, because most calls are requests to a program that has other work.
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.15, 100)) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`expected within ${limitMs} ms: ${what}`);
    await sleep(pauseMs);
  }
}
