/** What a reader gets: the value, and since when it is out of date if the last question failed. */
export type Read<T> =
  | { readonly kind: 'fresh'; readonly value: T }
  | { readonly kind: 'stale'; readonly value: T; readonly seconds: number }
  | { readonly kind: 'none'; readonly reason: string };

export interface SharedQueryOptions {
  /** How long an answer is reused, counted from when its question was sent. */
  readonly maxAgeMs: number;
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
  private asking: Promise<void> | null = null;
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
    this.readAt = this.now();
    if (this.failure === null && this.answer && this.now() - this.answer.sentAt <= this.options.maxAgeMs) {
      return { kind: 'fresh', value: this.answer.value };
    }
    this.asking ??= this.refresh();
    const believed = this.failure !== null && this.now() - this.failure.at < FAILURE_BELIEVED_MS;
    if (!believed) await this.asking;
    return this.current();
  }

  private current(): Read<T> {
    if (this.answer === null) return { kind: 'none', reason: this.failure?.reason ?? 'not asked yet' };
    if (this.failure === null) return { kind: 'fresh', value: this.answer.value };
    const seconds = Math.max(0, Math.round((this.now() - this.answer.sentAt) / 1000));
    return { kind: 'stale', value: this.answer.value, seconds };
  }

  private async refresh(): Promise<void> {
    const sentAt = this.now();
    try {
      this.answer = { value: await this.ask(this.answer?.value ?? null), sentAt };
      this.failure = null;
    } catch (error) {
      this.failure = { reason: error instanceof Error ? error.message : String(error), at: this.now() };
    }
    this.asking = null;
    if (this.failure !== null) this.askAgain();
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
