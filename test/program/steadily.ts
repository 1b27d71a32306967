import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * For what must not happen: resolves once each look has found the same for so long, several times as long as it would
 * take to happen; rejects at the first look that has not.
 */
export async function steadily(what: string, forMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < forMs; await sleep(LOOK_EVERY_MS)) {
    if (!(await holds())) throw new Error(`expected for ${forMs} ms: ${what}`);
  }
}
