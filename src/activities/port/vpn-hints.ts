/** How long a hint waits for the next watch to begin in this process. */
const WATCH_BEGINS_WITHIN_MS = 300;

/** Passes hints that a VPN's port may have changed to the VPN's watch, if that runs in this process. */
export class VpnHints {
  private readonly watching = new Map<string, Set<() => void>>();
  private readonly leftAt = new Map<string, number>();
  /** Timers of hints that wait for a watch to begin. */
  private readonly waiting = new Map<string, NodeJS.Timeout>();

  /** @param elsewhere is called if no watch runs here; it passes the hint on */
  hint(vpn: string, elsewhere: () => void): void {
    if (this.isWatched(vpn)) {
      for (const follow of this.watching.get(vpn) ?? []) follow();
      return;
    }
    const waitMs = WATCH_BEGINS_WITHIN_MS - (performance.now() - (this.leftAt.get(vpn) ?? -Infinity));
    if (waitMs <= 0) {
      elsewhere();
      return;
    }
    if (this.waiting.has(vpn)) return;
    const timer = setTimeout(() => {
      this.waiting.delete(vpn);
      elsewhere();
    }, waitMs);
    this.waiting.set(vpn, timer.unref());
  }

  /** Whether the VPN's watch is in this process. */
  isWatched(vpn: string): boolean {
    return (this.watching.get(vpn)?.size ?? 0) > 0;
  }

  /** Whether the VPN's watch is in this process, or ended here less than `ms` ago. */
  wasWatchedWithin(vpn: string, ms: number): boolean {
    return this.isWatched(vpn) || performance.now() - (this.leftAt.get(vpn) ?? -Infinity) < ms;
  }

  /**
   * A watch begins. It reads everything at once, so a waiting hint is dropped.
   * @returns a function that ends the watch
   */
  watch(vpn: string, follow: () => void): () => void {
    clearTimeout(this.waiting.get(vpn));
    this.waiting.delete(vpn);
    const here = this.watching.get(vpn) ?? new Set();
    this.watching.set(vpn, here.add(follow));
    return () => {
      here.delete(follow);
      this.leftAt.set(vpn, performance.now());
    };
  }
}
