import { setMaxListeners } from 'node:events';
import { temporalFailure } from '../../temporal/failure-words';
import type { Growth } from '../../gateways/history-growth';
import { pauseUntil, settledWithin } from '../../lib/pause';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { streamsSignal } from '../../workflows/vpn/messages';
import type { DatedLists } from './last-lists';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { ShownLists } from './shown-lists';
import type { Read } from './read';
import type { WorkerLiveness } from './worker-liveness';

export interface FollowerOptions {
  /** How long a list may be behind the workflow and still count as fresh, in ms. */
  readonly lagMs: number;
  readonly worker: WorkerLiveness;
  /** The last lists of the process before this one. */
  readonly before?: DatedLists | undefined;
  /** Called with each answer that is current. */
  readonly keep?: ((lists: VpnLists) => void) | undefined;
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

/**
 * Keeps the lists and the status of one VPN in memory. The history of a workflow determines its state. So the lists are queried only after
 * the history has grown and its workflow task is done, and reads cost neither Temporal nor the worker anything.
 */
export class VpnFollower {
  readonly vpn: string;
  /** Grows whenever `read` may have changed for another reason than the passing of time. */
  version = 0;
  /** The number of growths of the history so far. */
  growths = 0;
  /** The number of the last growth that had more than reports of streams. */
  growthOfMore = 0;
  private readonly lists: ShownLists;
  /** Number of the last query for lists that was sent. */
  private queries = 0;
  /** Number of the query whose answer is in `lists`; 0: there was no answer. */
  private answeredQuery = 0;
  private nextQueryAt = 0;
  /** Why the last query or poll failed; null: it did not. */
  private failure: string | null = null;
  private settled = false;
  /** The number of the last growth that had a message to the workflow. */
  private messageGrowth = 0;
  /** `growths` at the time of the query whose answer is in `lists`. */
  private answeredGrowths = 0;
  /** Since when the history has had more than `lists` shows. All instants in this class are on monotonic time. */
  private behindSince: number | null = performance.now();
  private brokenSince: number | null = null;
  /** Since when `lists` are from before the worker's start, without a snapshot since; null: they are not. */
  private unsureSince: number | null = null;
  private renewing = false;
  private statusRead: { readonly view: VpnStatusView; readonly growths: number; readonly askedAt: number } | null =
    null;
  private askingStatus: Promise<void> | null = null;
  private readonly waiting = new Set<() => void>();
  private readonly stopping = new AbortController();

  constructor(
    readonly source: VpnSource,
    private readonly options: FollowerOptions,
  ) {
    this.vpn = source.vpn;
    const { before } = options;
    this.lists = new ShownLists(before?.lists ?? null);
    if (before) {
      this.unsureSince = performance.now() - (Date.now() - before.at);
    }
    setMaxListeners(0, this.stopping.signal);
  }

  /** Follows until `stop`. */
  async run(): Promise<void> {
    await this.source.follow(
      {
        grown: (growth) => this.grown(growth),
        broken: (reason) => this.broken(reason),
      },
      this.stopping.signal,
    );
  }

  stop(): void {
    this.stopping.abort();
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Whether the history has more than `read` shows. */
  get isBehind(): boolean {
    return this.behindSince !== null;
  }

  /** Whether the worker has answered before, and no workflow task is pending. */
  get isSettled(): boolean {
    return this.settled && this.answeredQuery > 0;
  }

  get read(): Read<VpnLists> {
    const { shown } = this.lists;
    return shown === null ? { kind: 'none', reason: this.failure ?? 'no answer yet' } : this.aged(shown);
  }

  /** The last known lists, however old. */
  get last(): VpnLists | null {
    return this.lists.shown;
  }

  get lastStatus(): VpnStatusView | null {
    return this.statusRead?.view ?? null;
  }

  /**
   * Resolves once `read` shows every event that had arrived before this call, or when it has been behind for `ms`. Resolves at once if the
   * evicted engine is hidden already, and the history has no new message whose sender could expect to see its effect.
   */
  async caughtUp(ms: number): Promise<void> {
    const { queries, behindSince } = this;
    if (behindSince === null) return;
    const hidesAhead = () => this.lists.isAhead && this.messageGrowth <= this.answeredGrowths;
    // The answer to a later query is enough: while a history keeps growing, `isBehind` stays true.
    const isShown = () => !this.isBehind || this.answeredQuery > queries || hidesAhead();
    await this.until(isShown, behindSince + ms - performance.now());
  }

  /** Resolves with true once `read` shows every event that the server had stored before this call, or with false after `ms`. */
  async upToDate(ms: number): Promise<boolean> {
    const { queries } = this;
    // The answer to a query includes everything that the server had accepted before the query was sent.
    const isShown = () => this.answeredQuery > queries;
    await this.until(isShown, Math.min(ms, ARRIVES_WITHIN_MS));
    if (isShown()) return true;
    this.behindSince ??= performance.now();
    if (this.settled) void this.renew();
    await this.until(isShown, ms - ARRIVES_WITHIN_MS);
    return isShown();
  }

  /** Resolves once the history has grown beyond that number of `growths` and is settled, or when `ms` have passed. */
  async grownSince(growths: number, ms: number, ...signals: AbortSignal[]): Promise<void> {
    await this.until(() => this.growths !== growths && this.settled, ms, signals);
  }

  /** The VPN's status, queried if the history has grown since the last query. @param ms how long to wait for a busy worker */
  async status(ms: number): Promise<Read<VpnStatusView>> {
    if (!this.statusIsPresent()) {
      const from = performance.now();
      // A query that meets a pending workflow task can cause the loss of that task (`workflows/ahead-of-history.ts`).
      await this.until(() => this.settled || this.brokenSince !== null, ms);
      const left = ms - (performance.now() - from);
      if (this.settled && left > 0) {
        this.askingStatus ??= this.askStatus().finally(() => (this.askingStatus = null));
        await settledWithin(left, this.askingStatus, this.stopping.signal);
      }
    }
    const known = this.statusRead;
    if (known === null) return { kind: 'none', reason: this.failure ?? `no answer within ${ms} ms` };
    if (this.statusIsPresent()) return this.aged(known.view);
    return { kind: 'stale', value: known.view, seconds: secondsSince(known.askedAt) };
  }

  /** The status for decisions, which must not be based on an old one: null if the workflow has not answered within `ms`. */
  async presentStatus(ms: number): Promise<VpnStatusView | null> {
    await this.status(ms);
    return this.statusIsPresent() && this.outOfTouchSince() === null ? this.lastStatus : null;
  }

  /** Queries the lists, whether or not the history has grown. @throws when the worker does not answer */
  async ask(): Promise<void> {
    await this.queryLists();
  }

  private statusIsPresent(): boolean {
    return this.statusRead?.growths === this.growths;
  }

  private async askStatus(): Promise<void> {
    const { growths } = this;
    const askedAt = performance.now();
    try {
      this.statusRead = { view: await this.source.status(), growths, askedAt };
    } catch (error) {
      this.failure = temporalFailure(error);
    }
  }

  private grown(growth: Growth): void {
    const { settled, hasMessage, onlySignals } = growth;
    this.growths++;
    this.settled = settled;
    if (!onlySignals?.every((name) => name === streamsSignal.name)) this.growthOfMore = this.growths;
    if (hasMessage) this.messageGrowth = this.growths;
    this.lists.grown(growth);
    this.behindSince ??= performance.now();
    this.wake();
    if (settled) void this.renew();
  }

  private broken(reason: unknown): void {
    if ((reason === null) === (this.brokenSince === null)) return;
    this.version++;
    this.brokenSince = reason === null ? null : performance.now();
    this.failure = reason === null ? null : temporalFailure(reason);
  }

  private async renew(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    let pause = RETRY_MS;
    while (this.isBehind && this.settled && !this.stopping.signal.aborted) {
      try {
        const early = this.nextQueryAt - performance.now();
        if (early > 0) await pauseUntil(early, this.stopping.signal);
        // During the pause another query may have been answered, or another workflow task may have begun.
        if (!this.isBehind || !this.settled) continue;
        await this.queryLists();
      } catch (error) {
        this.failure = temporalFailure(error);
        await pauseUntil(pause, this.stopping.signal);
        pause = Math.min(RETRY_MS_AT_MOST, pause * 2);
      }
    }
    this.renewing = false;
  }

  private async queryLists(): Promise<void> {
    const { growths } = this;
    const includedPort = this.settled ? this.lists.unansweredPort : null;
    const query = ++this.queries;
    const askedAt = performance.now();
    const lists = await this.source.lists(this.lists.answered);
    this.options.worker.answered();
    // A later query may have been answered sooner.
    if (query < this.answeredQuery) return;
    this.answeredQuery = query;
    this.answeredGrowths = growths;
    const took = performance.now() - askedAt;
    this.nextQueryAt = took < BUSY_FROM_MS ? 0 : askedAt + took + Math.min(LET_WORK_MS_AT_MOST, took);
    this.failure = lists === null ? `VPN '${this.vpn}' has not been observed yet` : null;
    if (lists !== null) this.lists.answer(lists, includedPort);
    // A workflow that was started anew and has no snapshot yet gives no list. The lists known before stay, as stale ones.
    if (lists?.engines.current === true) {
      this.unsureSince = null;
      this.options.keep?.(lists);
    } else this.unsureSince ??= askedAt;
    if (growths === this.growths && this.settled) this.behindSince = null;
    else if (this.behindSince !== null) this.behindSince = Math.max(this.behindSince, askedAt);
    this.wake();
  }

  private aged<T>(value: T): Read<T> {
    const since = this.staleSince();
    return since === null ? { kind: 'fresh', value } : { kind: 'stale', value, seconds: secondsSince(since) };
  }

  /** Since when the known state may be out of date; null: it is current. */
  private staleSince(): number | null {
    const oldest = Math.min(this.outOfTouchSince() ?? Infinity, this.unsureSince ?? Infinity);
    return oldest === Infinity ? null : oldest;
  }

  /** Since when the workflow may have changed without this process learning of it; null: it can't have. */
  private outOfTouchSince(): number | null {
    const now = performance.now();
    const { lagMs, worker } = this.options;
    const since = [this.behindSince, this.brokenSince].map((at) => (at !== null && now - at > lagMs ? at : Infinity));
    const oldest = Math.min(...since, worker.awaySince ?? Infinity);
    return oldest === Infinity ? null : oldest;
  }

  private wake(): void {
    this.version++;
    for (const check of this.waiting) check();
  }

  private async until(condition: () => boolean, ms: number, signals: readonly AbortSignal[] = []): Promise<void> {
    if (condition() || ms <= 0) return;
    const isMet = new AbortController();
    const check = () => {
      if (condition()) isMet.abort();
    };
    this.waiting.add(check);
    await pauseUntil(ms, isMet.signal, this.stopping.signal, ...signals);
    this.waiting.delete(check);
  }
}

function secondsSince(at: number): number {
  return Math.max(0, Math.round((performance.now() - at) / 1000));
}
