/** Docker's pauses before it starts a container again: doubled each time, and short again after a long run. */
const FIRST_MS = 100;
const LAST_MS = 60_000;
const LONG_RUN_MS = 10_000;

/** Starts a container again after it has ended by itself, as Docker's restart policy does. */
export class Revival {
  /** The number of restarts so far. */
  count = 0;
  /** The container has ended and will be started again. Docker calls it running meanwhile. */
  isDue = false;
  private timer: NodeJS.Timeout | null = null;
  private pauseMs = FIRST_MS;

  /** The next pause is the shortest again, because somebody has started the container. */
  reset(): void {
    this.pauseMs = FIRST_MS;
  }

  soon(ranForMs: number, begin: () => Promise<void>): void {
    if (ranForMs > LONG_RUN_MS) this.reset();
    this.isDue = true;
    this.count++;
    this.timer = setTimeout(() => {
      this.timer = null;
      begin()
        .catch(() => {})
        .finally(() => (this.isDue = false));
    }, this.pauseMs);
    this.pauseMs = Math.min(LAST_MS, this.pauseMs * 2);
  }

  giveUp(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isDue = false;
  }
}
