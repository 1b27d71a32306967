import { setMaxListeners } from 'node:events';
import { temporalFailure } from '../../temporal/failure-words';
import type { Growth } from '../../gateways/history-growth';
import { pauseUntil, settledWithin } from '../../lib/pause';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { streamsSignal } from '../../workflows/vpn/messages';
import type { KnownLists } from './last-lists';
import type { VpnLists, VpnSource } from '../../gateways/vpn-source';
import { ShownLists } from './shown-lists';
import type { Read } from './read';
import type { WorkerLiveness } from './worker-liveness';

export interface FollowerOptions {
  /** For how long a list may be behind the workflow and still counts as fresh, in ms. */
  readonly lagMs: number;
  readonly worker: WorkerLiveness;
  /** What was known before this process began. */
  readonly before?: KnownLists | undefined;
  /** Given each list that is true now. */
  readonly keep?: ((lists: VpnLists) => void) | undefined;
}

const ASK_AGAIN_MS = 50;
const ASK_AGAIN_MS_AT_MOST = 500;
/** A worker that takes longer for an answer is busy: before the next question it has as much time for other things, up to the second. */
const BUSY_FROM_MS = 50;
const LET_WORK_MS_AT_MOST = 250;
/** What has been written down is heard of within some milliseconds, unless that was before who wrote it was told. */
const HEARD_WITHIN_MS = 20;

/**
 * One VPN as its workflow says it is, kept in memory. A workflow's state is made by its history, so the lists are asked for when that has
 * grown and its workflow task is done, and stand until then: reads cost neither Temporal nor the worker anything.
 */
export class VpnFollower {
  readonly vpn: string;
  /** Raised whenever `read` may be another than before, other than by the passing of time. */
  version = 0;
  /** Raised with each growth of the history. */
  growths = 0;
  /** Which of them was the last one that told of more than reports of streams. */
  growthOfMore = 0;
  private readonly lists: ShownLists;
  /** Questions for lists that have been sent, and which of them `lists` answers. */
  private asked = 0;
  private answers = 0;
  private askAt = 0;
  /** Why the last question or poll brought nothing; null: it did. */
  private failure: string | null = null;
  private settled = false;
  /** The growths of the last one that held a message, and of when the question was sent that `lists` answers. */
  private addressedAt = 0;
  private answeredAt = 0;
  /** Since when the history has had more than `lists` shows. All instants here are on monotonic time. */
  private behindSince: number | null = performance.now();
  private brokenSince: number | null = null;
  /** Since when `lists` is one that the worker has not made sure of since its start. */
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

  /** Nothing is heard any more. */
  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** The history has more than `read` shows. */
  get isBehind(): boolean {
    return this.behindSince !== null;
  }

  /** The worker has answered once, and no task waits for it. */
  get isSettled(): boolean {
    return this.settled && this.answers > 0;
  }

  get read(): Read<VpnLists> {
    const { shown } = this.lists;
    return shown === null ? { kind: 'none', reason: this.failure ?? 'no answer yet' } : this.aged(shown);
  }

  /** What was known last, however old. */
  get last(): VpnLists | null {
    return this.lists.shown;
  }

  get lastStatus(): VpnStatusView | null {
    return this.statusRead?.view ?? null;
  }

  /**
   * Resolves once `read` shows what had been heard of before this call, or when it has been behind for `ms`; at once where it is behind a
   * change whose engines it hides already, and nobody can have been answered for anything else.
   */
  async caughtUp(ms: number): Promise<void> {
    const { asked, behindSince } = this;
    if (behindSince === null) return;
    const hidesAhead = () => this.lists.isAhead && this.addressedAt <= this.answeredAt;
    // Of a history that grows all the time it is always behind.
    const isShown = () => !this.isBehind || this.answers > asked || hidesAhead();
    await this.until(isShown, behindSince + ms - performance.now());
  }

  /** Resolves once `read` shows what had been written down before this call; with false when `ms` have passed. */
  async upToDate(ms: number): Promise<boolean> {
    const { asked } = this;
    // A query is answered with all that was accepted before it was sent.
    const isShown = () => this.answers > asked;
    await this.until(isShown, Math.min(ms, HEARD_WITHIN_MS));
    if (isShown()) return true;
    this.behindSince ??= performance.now();
    if (this.settled) void this.renew();
    await this.until(isShown, ms - HEARD_WITHIN_MS);
    return isShown();
  }

  /** Resolves once the history has grown and been settled since it had that many `growths`, or when `ms` have passed. */
  async grownSince(growths: number, ms: number, ...signals: AbortSignal[]): Promise<void> {
    await this.until(() => this.growths !== growths && this.settled, ms, signals);
  }

  /** Its status, asked for when it may be another one than before. @param ms how long a busy worker is waited for */
  async status(ms: number): Promise<Read<VpnStatusView>> {
    if (!this.statusIsPresent()) {
      const from = performance.now();
      // A question that meets a task that waits for its worker can have that task lost (`workflows/ahead-of-history.ts`).
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

  /** The same for decisions, which the workflow makes sure of: null where that has not answered in time. */
  async presentStatus(ms: number): Promise<VpnStatusView | null> {
    await this.status(ms);
    return this.statusIsPresent() && this.unheardSince() === null ? this.lastStatus : null;
  }

  /** Whether the worker answers for this VPN; what it answers counts as well. */
  async ask(): Promise<void> {
    await this.take();
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
    const { settled, addressed, onlySignals } = growth;
    this.growths++;
    this.settled = settled;
    if (!onlySignals?.every((name) => name === streamsSignal.name)) this.growthOfMore = this.growths;
    if (addressed) this.addressedAt = this.growths;
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
    let pause = ASK_AGAIN_MS;
    while (this.isBehind && this.settled && !this.stopping.signal.aborted) {
      try {
        const early = this.askAt - performance.now();
        if (early > 0) await pauseUntil(early, this.stopping.signal);
        // Asked meanwhile for another reason, or a task is at work whose end is to be told as well.
        if (!this.isBehind || !this.settled) continue;
        await this.take();
      } catch (error) {
        this.failure = temporalFailure(error);
        await pauseUntil(pause, this.stopping.signal);
        pause = Math.min(ASK_AGAIN_MS_AT_MOST, pause * 2);
      }
    }
    this.renewing = false;
  }

  private async take(): Promise<void> {
    const { growths } = this;
    const shows = this.settled ? this.lists.unanswered : null;
    const number = ++this.asked;
    const askedAt = performance.now();
    const lists = await this.source.lists(this.lists.answered);
    this.options.worker.answered();
    // A later question may have been answered sooner.
    if (number < this.answers) return;
    this.answers = number;
    this.answeredAt = growths;
    const took = performance.now() - askedAt;
    this.askAt = took < BUSY_FROM_MS ? 0 : askedAt + took + Math.min(LET_WORK_MS_AT_MOST, took);
    this.failure = lists === null ? `VPN '${this.vpn}' has not been looked at yet` : null;
    if (lists !== null) this.lists.answer(lists, shows);
    // A workflow that has begun anew and looked at nothing yet does not make wrong what was known before.
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

  /** Since when it is not known whether it is still so; null: it is. */
  private staleSince(): number | null {
    const oldest = Math.min(this.unheardSince() ?? Infinity, this.unsureSince ?? Infinity);
    return oldest === Infinity ? null : oldest;
  }

  /** Since when the workflow may have said something else. */
  private unheardSince(): number | null {
    const now = performance.now();
    const { lagMs, worker } = this.options;
    const since = [this.behindSince, this.brokenSince].map((at) => (at !== null && now - at > lagMs ? at : Infinity));
    const oldest = Math.min(...since, worker.awaySince ?? Infinity);
    return oldest === Infinity ? null : oldest;
  }

  private wake(): void {
    this.version++;
    for (const look of this.waiting) look();
  }

  private async until(isSo: () => boolean, ms: number, signals: readonly AbortSignal[] = []): Promise<void> {
    if (isSo() || ms <= 0) return;
    const found = new AbortController();
    const look = () => {
      if (isSo()) found.abort();
    };
    this.waiting.add(look);
    await pauseUntil(ms, found.signal, this.stopping.signal, ...signals);
    this.waiting.delete(look);
  }
}

function secondsSince(at: number): number {
  return Math.max(0, Math.round((performance.now() - at) / 1000));
}
