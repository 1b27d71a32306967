import type { Read } from './read';
import type { WorkerLiveness } from './worker-liveness';

export interface FreshnessOptions {
  /** How long a list may be behind the workflow and still count as fresh, in ms. */
  readonly lagMs: number;
  readonly worker: WorkerLiveness;
}

/** Whether what is known of one VPN is up to date, and since when it may not be. All instants are on monotonic time. */
export class Freshness {
  /** Since when the history has had more than the lists show; null: it has not. */
  behindSince: number | null = performance.now();
  /** Since when the history can't be followed; null: it can. */
  brokenSince: number | null = null;
  /** Since when the lists are from before the start of this process or of the worker, without a snapshot since; null: they are not. */
  unsureSince: number | null = null;
  /** Why the last query or poll failed; null: it did not. */
  failure: string | null = null;

  constructor(private readonly options: FreshnessOptions) {}

  /** Whether the workflow may have changed without this process learning of it. */
  get isOutOfTouch(): boolean {
    return this.outOfTouchSince() < Infinity;
  }

  /** To be called when the worker has answered a query for lists. */
  workerAnswered(): void {
    this.options.worker.answered();
  }

  /** @param behindSince since when the workflow has more than this value shows */
  aged<T>(value: T, behindSince = Infinity): Read<T> {
    const since = Math.min(this.outOfTouchSince(), this.unsureSince ?? Infinity, behindSince);
    return since === Infinity ? { kind: 'fresh', value } : staleSince(since, value);
  }

  private outOfTouchSince(): number {
    const now = performance.now();
    const { lagMs, worker } = this.options;
    const since = [this.behindSince, this.brokenSince].map((at) => (at !== null && now - at > lagMs ? at : Infinity));
    return Math.min(...since, worker.awaySince ?? Infinity);
  }
}

/** @param since on monotonic time */
export function staleSince<T>(since: number, value: T): Read<T> {
  return { kind: 'stale', value, seconds: Math.max(0, Math.round((performance.now() - since) / 1000)) };
}
