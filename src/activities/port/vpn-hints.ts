/** The next watch has begun by then, if one is to begin in this process. */
const WATCH_BEGINS_WITHIN_MS = 300;

/** Takes hints that a VPN's port may have changed to its watch, if that is in this process. */
export class VpnHints {
  private readonly watching = new Map<string, Set<() => void>>();
  private readonly leftAt = new Map<string, number>();
  /** What is done where no watch begins. */
  private readonly waiting = new Map<string, NodeJS.Timeout>();

  /** @param elsewhere takes the hint to a watch that is not here */
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

  /** A watch begins, which looks at all for itself. @returns what ends it */
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
