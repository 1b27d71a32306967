import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;
/** Below the time-out of Docker's health check, 10 s, with room for a busy machine. */
const NO_NEWS_AFTER_MS = 4_000;

/** What Docker's health check is told. Each one costs a process, so it waits for something to tell, and tells it at once. */
export class HealthNews {
  #told: boolean | null = null;

  constructor(private readonly isHealthy: () => boolean) {}

  /** Resolves when the health is another than was told last, at the latest after 4 s. */
  async next(): Promise<boolean> {
    const deadline = performance.now() + NO_NEWS_AFTER_MS;
    while (this.isHealthy() === this.#told && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
    this.#told = this.isHealthy();
    return this.#told;
  }
}
