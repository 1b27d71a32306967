/** The next watch has begun by then, if one is to begin in this process. */
const WATCH_BEGINS_WITHIN_MS = 300;
const TELL_EVERY_MS = 2_000;

/**
 * Takes hints that a VPN has changed to whoever watches the pool: in this process if that is here, else through the fleet's
 * workflow, which begins another watch.
 */
export class PoolHints {
  private readonly watching = new Set<(vpn: string) => void>();
  private telling: NodeJS.Timeout | null = null;
  private lastTold = -Infinity;

  constructor(private readonly tellFleet: () => Promise<unknown>) {}

  changed(vpn: string): void {
    if (this.watching.size > 0) {
      for (const wake of this.watching) wake(vpn);
      return;
    }
    if (this.telling) return;
    const wait = Math.max(WATCH_BEGINS_WITHIN_MS, this.lastTold + TELL_EVERY_MS - performance.now());
    this.telling = setTimeout(() => {
      this.telling = null;
      this.lastTold = performance.now();
      // Lost: the fleet looks again by itself.
      this.tellFleet().catch(() => {});
    }, wait);
    this.telling.unref();
  }

  /** @returns what ends it */
  watch(wake: (vpn: string) => void): () => void {
    // It begins with a look.
    if (this.telling) clearTimeout(this.telling);
    this.telling = null;
    this.watching.add(wake);
    return () => this.watching.delete(wake);
  }
}
