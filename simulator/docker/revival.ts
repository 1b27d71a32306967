/** Docker's pauses before it revives a container: doubled each time, and short again after a long run. */
const FIRST_MS = 100;
const LAST_MS = 60_000;
const LONG_RUN_MS = 10_000;

/** How Docker starts a container again that has ended by itself. */
export class Revival {
  /** How often so far. */
  count = 0;
  /** Docker calls a container running between two runs of it, too. */
  isDue = false;
  private timer: NodeJS.Timeout | null = null;
  private pauseMs = FIRST_MS;

  /** Somebody starts it: its first end counts as the first again. */
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
