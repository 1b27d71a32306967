import { FOUND_STALE } from '../../domain/streams/end-reason';
import type { Stream } from '../../domain/streams/stream';

/**
 * How many streams have been found stale since this process began, as their workflows' lists show it: the worker that finds
 * them may be another process. Ended streams stay in the lists for minutes.
 */
export class StaleStreams {
  /** By VPN. */
  private readonly counted = new Map<string, ReadonlySet<string>>();
  total = 0;

  /** @param streams all of that VPN */
  see(vpn: string, streams: readonly Stream[]): void {
    const stale = new Set(streams.filter((s) => s.endReason === FOUND_STALE).map((s) => s.id));
    // Those that the first list has were found before.
    const counted = this.counted.get(vpn) ?? stale;
    this.total += [...stale].filter((id) => !counted.has(id)).length;
    this.counted.set(vpn, stale);
  }
}
