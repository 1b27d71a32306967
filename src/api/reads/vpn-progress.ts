import type { ObserveProgress } from '../../activities/observe/observe';
import { settledWithin } from '../../lib/pause';
import type { VpnSource } from '../../gateways/vpn-source';

const MAX_AGE_MS = 5_000;
/** Between two observes none is at work for a moment: what was said last still counts. */
const COUNTS_FOR_MS = 30_000;

/** What a VPN's observe says between two observations. It is asked for when somebody reads it, at most every 5 s. */
export class VpnProgress {
  private last: { readonly progress: ObserveProgress; readonly at: number } | null = null;
  private askedAt = -Infinity;
  private asking: Promise<void> | null = null;

  constructor(private readonly source: Pick<VpnSource, 'progress'>) {}

  /** What is known now, without a wait; null: nothing that counts. */
  get known(): ObserveProgress | null {
    void this.ask();
    return this.last && performance.now() - this.last.at < COUNTS_FOR_MS ? this.last.progress : null;
  }

  /** The same, no older than 5 s where that can be had within `ms`. */
  async read(ms: number): Promise<ObserveProgress | null> {
    const asking = this.ask();
    if (asking) await settledWithin(ms, asking);
    return this.known;
  }

  /** Null: what is known is young enough. */
  private ask(): Promise<void> | null {
    if (performance.now() - this.askedAt < MAX_AGE_MS) return this.asking;
    this.askedAt = performance.now();
    this.asking = this.source
      .progress()
      .then((progress) => {
        if (progress) this.last = { progress, at: performance.now() };
      })
      // Only times and statistics depend on it.
      .catch(() => undefined)
      .finally(() => (this.asking = null));
    return this.asking;
  }
}
