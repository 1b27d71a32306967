import { pauseUntil } from '../../lib/pause';
import type { VpnFollower } from './vpn-follower';

/** A worker that answers later than this counts as away. A slow machine alone does not make it so late. */
const AWAY_AFTER_MS = 5_000;
const ASK_EVERY_MS = 2_000;

/**
 * Whether a worker is there, which no history shows: one question every two seconds for all VPNs together, asked of one of them after
 * another.
 */
export class WorkerLiveness {
  /** When the question was sent that has not been answered, on monotonic time; null: every one has been. */
  private askedSince: number | null = null;

  /** Since when the worker has not answered; null: it is there, as far as is known. */
  get awaySince(): number | null {
    const { askedSince } = this;
    return askedSince !== null && performance.now() - askedSince > AWAY_AFTER_MS ? askedSince : null;
  }

  /** A question of whatever kind has been answered. */
  answered(): void {
    this.askedSince = null;
  }

  /** Asks until `signal` is aborted. */
  async watch(followers: readonly VpnFollower[], signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn++) {
      // Of one that has a task to be carried out it is known anyhow that it is not up to date.
      const settled = followers.filter((f) => f.isSettled);
      const follower = settled[turn % Math.max(1, settled.length)];
      if (follower) {
        this.askedSince ??= performance.now();
        // What failed stays unanswered.
        await follower.ask().catch(() => undefined);
      }
      await pauseUntil(ASK_EVERY_MS, signal);
    }
  }
}
