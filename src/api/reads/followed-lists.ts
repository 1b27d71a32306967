import type { Growth } from '../../gateways/growth';
import type { VpnLists } from '../../gateways/vpn-source';
import { growingPauses } from '../../lib/growing-pauses';
import { pauseUntil } from '../../lib/pause';
import { temporalFailure } from '../../temporal/failure-words';
import type { Followed } from './followed';
import type { Read } from './read';
import { ShownLists } from './shown-lists';

export interface FollowedListsOptions {
  /** The last lists of the process before this one; null: there are none. */
  readonly before: VpnLists | null;
  /** Called with each answer that is current. */
  readonly keep: ((lists: VpnLists) => void) | undefined;
}

const RETRY_MS = 50;
const RETRY_MS_AT_MOST = 500;
/**
 * A worker that takes at least BUSY_FROM_MS for an answer is busy. Then the next query comes only after a pause as long as the answer took,
 * at most LET_WORK_MS_AT_MOST, to leave the worker time for other things.
 */
const BUSY_FROM_MS = 50;
const LET_WORK_MS_AT_MOST = 250;
/** An event that the server has stored reaches this process within some milliseconds, unless it has arrived already. */
const ARRIVES_WITHIN_MS = 20;

/** The lists of one VPN's engines and streams. They are queried whenever the history has grown and its workflow task is done. */
export class FollowedLists {
  private readonly lists: ShownLists;
  /** Number of the last query that was sent. */
  private queries = 0;
  /** Number of the query whose answer is in `lists`; 0: there was no answer. */
  private answeredQuery = 0;
  /** The history's `growths` at the time of that query. */
  private answeredGrowths = 0;
  private nextQueryAt = 0;
  private renewing = false;

  constructor(
    private readonly followed: Followed,
    private readonly options: FollowedListsOptions,
  ) {
    this.lists = new ShownLists(options.before);
  }

  get read(): Read<VpnLists> {
    const { last } = this;
    const { freshness } = this.followed;
    return last === null ? { kind: 'none', reason: freshness.failure ?? 'no answer yet' } : freshness.aged(last);
  }

  /** The last known lists, however old. */
  get last(): VpnLists | null {
    return this.lists.shown;
  }

  /** Whether the history has more than `read` shows. */
  get isBehind(): boolean {
    return this.followed.freshness.behindSince !== null;
  }

  get hasAnswer(): boolean {
    return this.answeredQuery > 0;
  }

  grown(growth: Growth): void {
    this.lists.grown(growth);
    this.followed.freshness.behindSince ??= performance.now();
  }

  /**
   * Resolves once `read` shows every event that had arrived before this call, or when it has been behind for `ms`. Resolves at once if the
   * evicted engine is hidden already, and the history has no new message whose sender could expect to see its effect.
   */
  async caughtUp(ms: number): Promise<void> {
    const { queries } = this;
    const { history, freshness } = this.followed;
    const { behindSince } = freshness;
    if (behindSince === null) return;
    const hidesAhead = () => this.lists.isAhead && history.growthOfMessage <= this.answeredGrowths;
    // The answer to a later query is enough: while a history keeps growing, `isBehind` stays true.
    const isShown = () => !this.isBehind || this.answeredQuery > queries || hidesAhead();
    await this.until(isShown, behindSince + ms - performance.now());
  }

  /** Resolves with true once `read` shows every event that the server had stored before this call, or with false after `ms`. */
  async upToDate(ms: number): Promise<boolean> {
    const { queries } = this;
    const { history, freshness } = this.followed;
    // The answer to a query includes everything that the server had accepted before the query was sent.
    const isShown = () => this.answeredQuery > queries;
    await this.until(isShown, Math.min(ms, ARRIVES_WITHIN_MS));
    if (isShown()) return true;
    freshness.behindSince ??= performance.now();
    if (history.settled) void this.renew();
    await this.until(isShown, ms - ARRIVES_WITHIN_MS);
    return isShown();
  }

  /** Queries the lists until they show the whole history, or a workflow task is pending. */
  async renew(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    const { history, freshness, stopping } = this.followed;
    const pauses = growingPauses(RETRY_MS, RETRY_MS_AT_MOST);
    while (this.isBehind && history.settled && !stopping.aborted) {
      try {
        const early = this.nextQueryAt - performance.now();
        if (early > 0) await pauseUntil(early, stopping);
        // During the pause another query may have been answered, or another workflow task may have begun.
        if (!this.isBehind || !history.settled) continue;
        await this.query();
      } catch (error) {
        freshness.failure = temporalFailure(error);
        await pauseUntil(pauses.next().value, stopping);
      }
    }
    this.renewing = false;
  }

  /** Queries the lists, whether or not the history has grown. @throws when the worker does not answer */
  async query(): Promise<void> {
    const { source, history, freshness, changes } = this.followed;
    const { growths } = history;
    const includedPort = history.settled ? this.lists.unansweredPort : null;
    const query = ++this.queries;
    const askedAt = performance.now();
    const lists = await source.lists(this.lists.answered);
    freshness.workerAnswered();
    // A later query may have been answered sooner.
    if (query < this.answeredQuery) return;
    this.answeredQuery = query;
    this.answeredGrowths = growths;
    const took = performance.now() - askedAt;
    this.nextQueryAt = took < BUSY_FROM_MS ? 0 : askedAt + took + Math.min(LET_WORK_MS_AT_MOST, took);
    freshness.failure = lists === null ? `VPN '${source.vpn}' has not been observed yet` : null;
    if (lists !== null) this.lists.answer(lists, includedPort);
    // A workflow that was started anew and has no snapshot yet gives no list. The lists known before stay, as stale ones.
    if (lists?.engines.current === true) {
      freshness.unsureSince = null;
      this.options.keep?.(lists);
    } else freshness.unsureSince ??= askedAt;
    if (growths === history.growths && history.settled) freshness.behindSince = null;
    else if (freshness.behindSince !== null) freshness.behindSince = Math.max(freshness.behindSince, askedAt);
    changes.changed();
  }

  private until(condition: () => boolean, ms: number): Promise<void> {
    const { changes, stopping } = this.followed;
    return changes.until(condition, ms, stopping);
  }
}
