/** The fields of a stream in `/streams` that metrics use. */
export interface CountedStream {
  readonly id: string;
  readonly container_id: string;
  readonly status: string;
  readonly peers: number | null;
  /** KB/s, the unit of engines. */
  readonly speed_down: number | null;
  /** KB/s. */
  readonly speed_up: number | null;
  /** Bytes since the start of the stream. */
  readonly downloaded: number | null;
  /** Bytes since the start of the stream. */
  readonly uploaded: number | null;
}

export interface StreamSource {
  /** The running streams, and perhaps some that have ended; null while there is no list. */
  list(): Promise<readonly CountedStream[] | null>;
  /** The number of streams found stale since this process began. */
  staleDetected(): number;
}

type Direction = 'downloaded' | 'uploaded';

type Bytes = Record<Direction, number> & { readonly seenAt: number };

/** How long the bytes of a missing stream are kept. A VPN whose workflow is silent is missing in lists, and its streams return with it. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;

/** The bytes of all streams that this process has seen, including ended ones. The sums never decrease. */
export class Transferred {
  private readonly last = new Map<string, Bytes>();
  downloaded = 0;
  uploaded = 0;

  /** Adds what the streams have transferred since the last call. @param at on monotonic time, in ms */
  add(streams: readonly CountedStream[], at = performance.now()): void {
    for (const stream of streams) {
      const before = this.last.get(stream.id) ?? { downloaded: 0, uploaded: 0 };
      const now = { downloaded: stream.downloaded ?? before.downloaded, uploaded: stream.uploaded ?? before.uploaded };
      // The difference is negative when an engine has begun to count from 0 again.
      this.downloaded += Math.max(0, now.downloaded - before.downloaded);
      this.uploaded += Math.max(0, now.uploaded - before.uploaded);
      this.last.set(stream.id, { ...now, seenAt: at });
    }
    for (const [id, { seenAt }] of this.last) if (at - seenAt > FORGOTTEN_AFTER_MS) this.last.delete(id);
  }
}
