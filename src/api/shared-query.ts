import { DeadlineExceeded } from '../deadline';

/**
 * What a reader gets: the value, when the question was sent that it answers, on the clock that nobody sets, and for how long it
 * is out of date if the last question failed.
 */
export type Read<T> =
  | { readonly kind: 'fresh'; readonly value: T; readonly askedAt: number }
  | { readonly kind: 'stale'; readonly value: T; readonly askedAt: number; readonly seconds: number }
  | { readonly kind: 'none'; readonly reason: string };

export interface LastAnswer<T> {
  readonly value: T;
  readonly askedAt: number;
}

export interface SharedQueryOptions {
  /** How long an answer is reused, counted from when its question was sent. */
  readonly maxAgeMs: number;
  /** An answer that is read this shortly before its time is over is asked for again. Default: none is. */
  readonly aheadMs?: number;
  /** How long after a question was sent those who read wait for its answer; who comes later may have it all the same. */
  readonly patienceMs?: number;
  /** After a failure it is asked again this often until it is answered, for as long as somebody has read lately; else when read. */
  readonly askAgainMs?: number;
  readonly now?: () => number;
}

/** A failure as young as this is believed; after an older one the server may long be back. */
const FAILURE_BELIEVED_MS = 5_000;
/** Nobody who reads again so late is told of the failure: it is old by then. */
const READ_LATELY_MS = 60_000;

/**
 * One question that many ask: those who ask at the same time share one answer, and it is reused for a short while.
 * When it fails, the last answer, if any, is given, marked stale, while the question is asked again in the background:
 * nobody waits for a server that was away just now.
 */
export class SharedQuery<T> {
  private answer: { readonly value: T; readonly sentAt: number } | null = null;
  private failure: { readonly reason: string; readonly at: number } | null = null;
  /** Resolves with null once the question is answered or has failed, or with why nobody waits for that any longer. */
  private asking: Promise<string | null> | null = null;
  private readAt = -Infinity;
  private again: NodeJS.Timeout | null = null;
  private readonly now: () => number;

  constructor(
    private readonly ask: (previous: T | null) => Promise<T>,
    private readonly options: SharedQueryOptions,
  ) {
    // Not the time of day: when that is set back, an old answer would count as young.
    this.now = options.now ?? (() => performance.now());
  }

  async read(): Promise<Read<T>> {
    const fresh = this.fresh();
    if (fresh) return fresh;
    this.asking ??= this.refresh();
    const believed = this.failure !== null && this.now() - this.failure.at < FAILURE_BELIEVED_MS;
    return this.current(believed ? null : await this.asking);
  }

  /**
   * What `read` gives without a wait, or null. With `aheadMs` those who read all the time seldom have to wait.
   */
  fresh(): Extract<Read<T>, { kind: 'fresh' }> | null {
    this.readAt = this.now();
    if (this.failure !== null || this.answer === null) return null;
    const { value, sentAt: askedAt } = this.answer;
    const age = this.readAt - askedAt;
    if (age > this.options.maxAgeMs) return null;
    if (age > this.options.maxAgeMs - (this.options.aheadMs ?? 0)) this.asking ??= this.refresh();
    return { kind: 'fresh', value, askedAt };
  }

  /** What it was answered last, however long ago; null before the first answer. Nothing is asked for it. */
  get last(): LastAnswer<T> | null {
    return this.answer && { value: this.answer.value, askedAt: this.answer.sentAt };
  }

  private current(late: string | null): Read<T> {
    if (this.answer === null) return { kind: 'none', reason: this.failure?.reason ?? late ?? 'not asked yet' };
    const { value, sentAt: askedAt } = this.answer;
    if (this.failure === null && late === null) return { kind: 'fresh', value, askedAt };
    const seconds = Math.max(0, Math.round((this.now() - askedAt) / 1000));
    return { kind: 'stale', value, askedAt, seconds };
  }

  private refresh(): Promise<string | null> {
    const { patienceMs } = this.options;
    const answered = this.answered();
    if (patienceMs === undefined) return answered;
    // One timer for all who wait.
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(new DeadlineExceeded(patienceMs).message), patienceMs);
      void answered.then((late) => {
        clearTimeout(timer);
        resolve(late);
      });
    });
  }

  private async answered(): Promise<null> {
    const sentAt = this.now();
    try {
      this.answer = { value: await this.ask(this.answer?.value ?? null), sentAt };
      this.failure = null;
    } catch (error) {
      this.failure = { reason: error instanceof Error ? error.message : String(error), at: this.now() };
    }
    this.asking = null;
    if (this.failure !== null) this.askAgain();
    return null;
  }

  /** Who reads just after the server is back would be told of the failure before. */
  private askAgain(): void {
    const { askAgainMs } = this.options;
    if (askAgainMs === undefined || this.again !== null || this.now() - this.readAt > READ_LATELY_MS) return;
    this.again = setTimeout(() => {
      this.again = null;
      this.asking ??= this.refresh();
    }, askAgainMs);
    this.again.unref();
  }
}
