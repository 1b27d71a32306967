/** Number of hints that are followed without a pause. A port change brings about as many. */
const AT_ONCE = 6;
const THEN_EVERY_MS = 400;

/** Limits how often hints are followed: the first ones at once, then one each 400 ms. The last one is never lost. */
export class HintLimiter {
  private allowance = AT_ONCE;
  private countedAt = performance.now();
  private waiting: NodeJS.Timeout | null = null;

  constructor(private readonly follow: () => void) {}

  hint(): void {
    if (this.waiting) return;
    const now = performance.now();
    this.allowance = Math.min(AT_ONCE, this.allowance + (now - this.countedAt) / THEN_EVERY_MS);
    this.countedAt = now;
    if (this.allowance >= 1) {
      this.allowance--;
      this.follow();
      return;
    }
    this.waiting = setTimeout(
      () => {
        this.waiting = null;
        this.hint();
      },
      (1 - this.allowance) * THEN_EVERY_MS + 1,
    );
  }

  close(): void {
    if (this.waiting) clearTimeout(this.waiting);
    this.waiting = null;
  }
}
