import type { VpnStatusView } from '../../domain/vpn/status-view';
import { settledWithin } from '../../lib/pause';
import { temporalFailure } from '../../temporal/failure-words';
import type { Followed } from './followed';
import { staleSince } from './freshness';
import type { Read } from './read';

/** The status of one VPN. It is queried when somebody reads it and the history has grown since the last query. */
export class FollowedStatus {
  private answer: { readonly view: VpnStatusView; readonly growths: number; readonly askedAt: number } | null = null;
  private asking: Promise<void> | null = null;

  constructor(private readonly followed: Followed) {}

  /** The last known status, however old. */
  get last(): VpnStatusView | null {
    return this.answer?.view ?? null;
  }

  /** @param ms how long to wait for a busy worker */
  async read(ms: number): Promise<Read<VpnStatusView>> {
    const { history, freshness, changes, stopping } = this.followed;
    if (!this.isPresent()) {
      const from = performance.now();
      // A query that meets a pending workflow task can cause the loss of that task (`workflows/shared/ahead-of-history.ts`).
      await changes.until(() => history.settled || freshness.brokenSince !== null, ms, stopping);
      const left = ms - (performance.now() - from);
      if (history.settled && left > 0) {
        this.asking ??= this.ask().finally(() => (this.asking = null));
        await settledWithin(left, this.asking, stopping);
      }
    }
    const { answer } = this;
    if (answer === null) return { kind: 'none', reason: freshness.failure ?? `no answer within ${ms} ms` };
    return this.isPresent() ? freshness.aged(answer.view) : staleSince(answer.askedAt, answer.view);
  }

  /** The status for decisions, which must not be based on an old one: null if the workflow has not answered within `ms`. */
  async present(ms: number): Promise<VpnStatusView | null> {
    await this.read(ms);
    return this.isPresent() && !this.followed.freshness.isOutOfTouch ? this.last : null;
  }

  private isPresent(): boolean {
    return this.answer?.growths === this.followed.history.growths;
  }

  private async ask(): Promise<void> {
    const { source, history, freshness } = this.followed;
    const { growths } = history;
    const askedAt = performance.now();
    try {
      this.answer = { view: await source.status(), growths, askedAt };
    } catch (error) {
      freshness.failure = temporalFailure(error);
    }
  }
}
