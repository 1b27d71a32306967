import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;
/** Well below the limit of Docker's health check, 10 s, because the machine may be busy. */
const ANSWERS_WITHIN_MS = 4_000;

/** The answers for Docker's health check. A check costs a process, so the answer waits for a change of health, and then comes at once. */
export class HealthChanges {
  #reported: boolean | null = null;

  constructor(private readonly isHealthy: () => boolean) {}

  /** Resolves with the health as soon as it differs from the last answer, at the latest after 4 s. */
  async next(): Promise<boolean> {
    const deadline = performance.now() + ANSWERS_WITHIN_MS;
    while (this.isHealthy() === this.#reported && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
    this.#reported = this.isHealthy();
    return this.#reported;
  }
}
