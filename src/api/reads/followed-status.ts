import type { VpnStatusView } from '../../domain/vpn/status-view';
import { EndOfTurn } from '../../lib/end-of-turn';
import { settledWithin } from '../../lib/pause';
import { temporalFailure } from '../../temporal/failure-words';
import type { Followed } from './followed';
import type { Read } from './read';

interface Answer {
  readonly view: VpnStatusView;
  /** The history's `growths` when the query was sent. */
  readonly growths: number;
}

interface Query {
  readonly growths: number;
  readonly sentAt: number;
  readonly done: Promise<void>;
  hasFailed: boolean;
}

/** A query that is older than this, and than the last growth, is sent again: it may have gone to a worker that has died. */
const HANGS_AFTER_MS = 500;

/** The status of one VPN. It is queried when somebody reads it and the history has grown since the last query. */
export class FollowedStatus {
  private answer: Answer | null = null;
  /** Since when the history has had more than `answer`; null: it has not. */
  private behindSince: number | null = null;
  private query: Query | null = null;
  private readonly turn = new EndOfTurn();

  constructor(private readonly followed: Followed) {}

  /** The last known status, however old. */
  get last(): VpnStatusView | null {
    return this.answer?.view ?? null;
  }

  grown(): void {
    this.behindSince ??= performance.now();
  }

  /** Fresh if it includes all that had arrived before this call. @param ms how long to wait for a busy worker */
  async read(ms: number): Promise<Read<VpnStatusView>> {
    const { freshness } = this.followed;
    const isCaughtUp = await this.caughtUp(ms);
    const { last, behindSince } = this;
    if (last === null) return { kind: 'none', reason: freshness.failure ?? `no answer within ${ms} ms` };
    return freshness.aged(last, isCaughtUp || behindSince === null ? Infinity : behindSince);
  }

  /**
   * The status for decisions. It includes all that had arrived before this call. Null if the workflow has not answered within `ms`, or may
   * have changed without this process learning of it.
   */
  async present(ms: number): Promise<VpnStatusView | null> {
    return (await this.caughtUp(ms)) && !this.followed.freshness.isOutOfTouch ? this.last : null;
  }

  /** Whether the last answer includes all that had arrived before this call. If not, the workflow is asked, for at most `ms`. */
  private async caughtUp(ms: number): Promise<boolean> {
    const { history, freshness, changes, stopping } = this.followed;
    const deadline = performance.now() + ms;
    const left = () => deadline - performance.now();
    // What Temporal had sent before is in the history then: see `Reads.receivedHandled`.
    await this.turn.wait();
    const arrived = history.growths;
    const isCaughtUp = () => this.answer !== null && this.answer.growths >= arrived;
    while (!isCaughtUp() && left() > 0 && !stopping.aborted) {
      // A query that meets a pending workflow task can cause the loss of that task (`workflows/shared/ahead-of-history.ts`).
      await changes.until(() => history.settled || freshness.brokenSince !== null, left(), stopping);
      if (!history.settled) break;
      const query = this.sharedQuery();
      await settledWithin(Math.min(left(), HANGS_AFTER_MS), query.done, stopping);
      if (query.hasFailed) break;
    }
    return isCaughtUp();
  }

  /** The query on its way. Another one is sent only if there is none, or if that one hangs and the history has grown since. */
  private sharedQuery(): Query {
    const { growths } = this.followed.history;
    const now = performance.now();
    const { query } = this;
    if (query !== null && (query.growths === growths || now - query.sentAt < HANGS_AFTER_MS)) return query;
    const sent: Query = {
      growths,
      sentAt: now,
      hasFailed: false,
      done: this.ask(growths, () => (sent.hasFailed = true)),
    };
    this.query = sent;
    void sent.done.then(() => {
      if (this.query === sent) this.query = null;
    });
    return sent;
  }

  private async ask(growths: number, failed: () => void): Promise<void> {
    const { source, history, freshness } = this.followed;
    const sentAt = performance.now();
    try {
      const view = await source.status();
      // A later query may have been answered sooner.
      if (this.answer !== null && growths < this.answer.growths) return;
      this.answer = { view, growths };
      this.behindSince = growths === history.growths ? null : Math.max(this.behindSince ?? 0, sentAt);
    } catch (error) {
      freshness.failure = temporalFailure(error);
      failed();
    }
  }
}
