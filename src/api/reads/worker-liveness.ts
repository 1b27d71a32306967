import { pauseUntil } from '../../lib/pause';
import type { VpnFollower } from './vpn-follower';

/** A worker that has not answered for this long counts as away. A slow machine alone does not take so long. */
const AWAY_AFTER_MS = 5_000;
const ASK_EVERY_MS = 2_000;

/**
 * Whether a worker runs, which no history shows. Every two seconds one query is sent, to one VPN's workflow after another: its cost does not
 * grow with the number of VPNs.
 */
export class WorkerLiveness {
  /** When the oldest unanswered query was sent, on monotonic time; null: all were answered. */
  private askedSince: number | null = null;

  /** Since when the worker has not answered; null: it does not count as away. */
  get awaySince(): number | null {
    const { askedSince } = this;
    return askedSince !== null && performance.now() - askedSince > AWAY_AFTER_MS ? askedSince : null;
  }

  /** To be called when the worker has answered a query for lists. */
  answered(): void {
    this.askedSince = null;
  }

  /** Sends queries until `signal` is aborted. */
  async watch(followers: readonly VpnFollower[], signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn++) {
      // A VPN with a pending workflow task is marked as behind already, and a query could disturb the task.
      const settled = followers.filter((f) => f.history.settled && f.lists.hasAnswer);
      const follower = settled[turn % Math.max(1, settled.length)];
      if (follower) {
        this.askedSince ??= performance.now();
        // `askedSince` stays set after a failure.
        await follower.lists.query().catch(() => undefined);
      }
      await pauseUntil(ASK_EVERY_MS, signal);
    }
  }
}
