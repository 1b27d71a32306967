import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Checks that something does not happen: resolves if `holds` was true all the time, and rejects as soon as it is not.
 * @param forMs several times as long as it would take to happen
 */
export async function steadily(what: string, forMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < forMs; await sleep(LOOK_EVERY_MS)) {
    if (!(await holds())) throw new Error(`expected for ${forMs} ms: ${what}`);
  }
}
