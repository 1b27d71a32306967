import { setTimeout as sleep } from 'node:timers/promises';
import { NotPossible } from './hindrance';
import type { Scene } from './scene';

const LOOK_EVERY_MS = 100;
const DOCKER_LIMIT_MS = 60_000;

/** Repeats `doIt` if it failed while Docker was away: when Docker is back and the harness has started the VPNs again. */
export async function repeatedAfterDocker<T>({ truth }: Scene, doIt: () => Promise<T>): Promise<T> {
  for (;;) {
    const began = Date.now();
    try {
      return await doIt();
    } catch (error) {
      if (!truth.was('docker', null, began, Date.now())) throw error;
    }
    const deadline = Date.now() + DOCKER_LIMIT_MS;
    while (truth.was('docker', null, Date.now(), Date.now())) {
      if (Date.now() > deadline) throw new NotPossible(`Docker is still not back after ${DOCKER_LIMIT_MS} ms`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Asks until the answer is not null; resolves with null when the time is up. */
export async function awaited<T>(ask: () => T | null, limitMs: number): Promise<T | null> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = ask();
    if (found !== null || Date.now() > deadline) return found;
    await sleep(LOOK_EVERY_MS);
  }
}
