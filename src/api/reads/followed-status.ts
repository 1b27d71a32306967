import type { VpnStatusView } from '../../domain/vpn/status-view';
import { settledWithin } from '../../lib/pause';
import { temporalFailure } from '../../temporal/failure-words';
import type { Followed } from './followed';
import { staleSince } from './freshness';
import type { Read } from './read';

interface Answer {
  readonly view: VpnStatusView;
  /** The history's `growths` when the query was sent. */
  readonly growths: number;
  readonly askedAt: number;
}

/** The status of one VPN. It is queried when somebody reads it and the history has grown since the last query. */
export class FollowedStatus {
  private answer: Answer | null = null;
  private asking: { readonly growths: number; readonly done: Promise<void> } | null = null;

  constructor(private readonly followed: Followed) {}

  /** The last known status, however old. */
  get last(): VpnStatusView | null {
    return this.answer?.view ?? null;
  }

  /** Fresh if it includes all that had arrived before this call. @param ms how long to wait for a busy worker */
  async read(ms: number): Promise<Read<VpnStatusView>> {
    const { freshness } = this.followed;
    const isCaughtUp = await this.caughtUp(ms);
    const { answer } = this;
    if (answer === null) return { kind: 'none', reason: freshness.failure ?? `no answer within ${ms} ms` };
    return isCaughtUp ? freshness.aged(answer.view) : staleSince(answer.askedAt, answer.view);
  }

  /** The status for decisions, which must not be based on an old one: null if the workflow has not answered within `ms`. */
  async present(ms: number): Promise<VpnStatusView | null> {
    return (await this.caughtUp(ms)) && !this.followed.freshness.isOutOfTouch ? this.last : null;
  }

  /** Whether the last answer includes all that had arrived before this call. If not, the workflow is asked, for at most `ms`. */
  private async caughtUp(ms: number): Promise<boolean> {
    const { history, freshness, changes, stopping } = this.followed;
    const arrived = history.growths;
    const isCaughtUp = () => this.answer !== null && this.answer.growths >= arrived;
    if (isCaughtUp()) return true;
    const from = performance.now();
    // A query that meets a pending workflow task can cause the loss of that task (`workflows/shared/ahead-of-history.ts`).
    await changes.until(() => history.settled || freshness.brokenSince !== null, ms, stopping);
    const left = ms - (performance.now() - from);
    if (history.settled && left > 0) await settledWithin(left, this.ask(), stopping);
    return isCaughtUp();
  }

  /** Readers share a query as long as the history does not grow. A query sent to a worker that died answers late, if at all. */
  private ask(): Promise<void> {
    const { growths } = this.followed.history;
    if (this.asking?.growths === growths) return this.asking.done;
    const done = this.query(growths).finally(() => {
      if (this.asking?.done === done) this.asking = null;
    });
    this.asking = { growths, done };
    return done;
  }

  private async query(growths: number): Promise<void> {
    const { source, freshness } = this.followed;
    const askedAt = performance.now();
    try {
      const view = await source.status();
      // A later query may have been answered sooner.
      if (this.answer === null || growths >= this.answer.growths) this.answer = { view, growths, askedAt };
    } catch (error) {
      freshness.failure = temporalFailure(error);
    }
  }
}
