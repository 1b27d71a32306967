import type { ObserveProgress } from '../../activities/observe/observe';
import { settledWithin } from '../../lib/pause';
import type { VpnSource } from '../../gateways/vpn-source';

const MAX_AGE_MS = 5_000;
/** Between two `observe` activities there is none for a moment. The last heartbeat stays valid for this long. */
const VALID_FOR_MS = 30_000;

/** The heartbeat of a VPN's `observe` activity. It is fetched when somebody reads it, at most every 5 s. */
export class VpnProgress {
  private last: { readonly progress: ObserveProgress; readonly at: number } | null = null;
  private askedAt = -Infinity;
  private asking: Promise<void> | null = null;

  constructor(private readonly source: Pick<VpnSource, 'progress'>) {}

  /** The last heartbeat, without waiting; null: none that is still valid. */
  get known(): ObserveProgress | null {
    void this.ask();
    return this.last && performance.now() - this.last.at < VALID_FOR_MS ? this.last.progress : null;
  }

  /** The heartbeat, no older than 5 s if it can be fetched within `ms`. */
  async read(ms: number): Promise<ObserveProgress | null> {
    const asking = this.ask();
    if (asking) await settledWithin(ms, asking);
    return this.known;
  }

  /** Fetches the heartbeat; null: the last one is recent enough. */
  private ask(): Promise<void> | null {
    if (performance.now() - this.askedAt < MAX_AGE_MS) return this.asking;
    this.askedAt = performance.now();
    this.asking = this.source
      .progress()
      .then((progress) => {
        if (progress) this.last = { progress, at: performance.now() };
      })
      // An error is ignored, because only times and statistics depend on the heartbeat.
      .catch(() => undefined)
      .finally(() => (this.asking = null));
    return this.asking;
  }
}
