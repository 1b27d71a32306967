// A thread of its own: every 50 ms it does about 1 ms of work, and reports how late the work began and how long it took.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';

const EVERY_MS = 50;
/** About a millisecond on a machine at rest. */
const ROUNDS = 300_000;
/** Averaged over so many pieces of work: a single slow one may be a garbage collection. */
const AVERAGED = 10;

function work(): number {
  const began = performance.now();
  let state = 1;
  for (let round = 0; round < ROUNDS; round++) state = Math.imul(state ^ round, 0x01000193);
  // The result is used, so that the compiler can't leave the work out.
  return performance.now() - began + (state === 0 ? 1e-9 : 0);
}

async function measure(): Promise<never> {
  let best = Infinity;
  const latest: number[] = [];
  for (;;) {
    const due = performance.now() + EVERY_MS;
    await sleep(EVERY_MS);
    const late = Math.max(0, performance.now() - due);
    const took = work();
    best = Math.min(best, took);
    latest.push(took / best);
    if (latest.length > AVERAGED) latest.shift();
    const slowness = latest.reduce((sum, one) => sum + one, 0) / latest.length;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; this is a thread
    parentPort?.postMessage({ at: Date.now(), late, slowness });
  }
}

void measure();
