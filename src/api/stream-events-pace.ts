/** How often a VPN's workflow may be told of streams. All times in ms. */
export interface PaceOptions {
  /** So long the first event of a quiet VPN waits for others that come with it. */
  readonly collectMs: number;
  /** Between two batches, as long as there are enough of them left. */
  readonly spacingMs: number;
  /** Batches that may go at that spacing after a long quiet. */
  readonly burst: number;
  /** Between two batches when those are used up: what the spacing widens to. */
  readonly refillMs: number;
}

/**
 * A batch costs the VPN's workflow 4 history events: the signal, and a workflow task's being scheduled, started and
 * completed. So an hour without a break is 120 + 560 batches, or 2,720 events: below the 3,000 that are allowed, with
 * room for what the workflow does besides.
 */
export const EVENT_PACE: PaceOptions = { collectMs: 20, spacingMs: 500, burst: 120, refillMs: 3_600_000 / 560 };

/** A token bucket, kept as the one instant at which it would be full again. */
export class BatchPace {
  private fullAt = -Infinity;
  private lastSentAt = -Infinity;

  constructor(private readonly options: PaceOptions = EVENT_PACE) {}

  /** When the next batch may go. @param waitingSince when its first event came */
  dueAt(waitingSince: number): number {
    const { collectMs, spacingMs, burst, refillMs } = this.options;
    const notEmptyAt = this.fullAt - (burst - 1) * refillMs;
    return Math.max(waitingSince + collectMs, this.lastSentAt + spacingMs, notEmptyAt);
  }

  sent(now: number): void {
    this.lastSentAt = now;
    this.fullAt = Math.max(this.fullAt, now) + this.options.refillMs;
  }
}
