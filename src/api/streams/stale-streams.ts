import { FOUND_STALE } from '../../domain/streams/end-reason';
import type { Stream } from '../../domain/streams/stream';

/**
 * Counts the streams that were found stale since this process began. The worker that finds them may be another process, so they are counted
 * in the workflows' lists, where ended streams stay for minutes.
 */
export class StaleStreams {
  /** By VPN. */
  private readonly counted = new Map<string, ReadonlySet<string>>();
  total = 0;

  /** @param streams all streams of that VPN */
  see(vpn: string, streams: readonly Stream[]): void {
    const stale = new Set(streams.filter((s) => s.endReason === FOUND_STALE).map((s) => s.id));
    // The stale streams in the first list were found before this process began.
    const counted = this.counted.get(vpn) ?? stale;
    this.total += [...stale].filter((id) => !counted.has(id)).length;
    this.counted.set(vpn, stale);
  }
}
