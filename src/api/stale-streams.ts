import { FOUND_STALE } from '../domain/end-reason';
import type { Stream } from '../domain/stream';

/**
 * How many streams have been found stale since this process began, as their workflows' lists show it: the worker that finds
 * them may be another process. Ended streams stay in the lists for minutes.
 */
export class StaleStreams {
  private counted: ReadonlySet<string> = new Set();
  private begun = false;
  total = 0;

  /** @param streams of all VPNs */
  see(streams: readonly Stream[]): void {
    const stale = streams.filter((s) => s.endReason === FOUND_STALE).map((s) => s.id);
    // Those that the first list has were found before.
    if (this.begun) this.total += stale.filter((id) => !this.counted.has(id)).length;
    this.begun = true;
    this.counted = new Set(stale);
  }
}
