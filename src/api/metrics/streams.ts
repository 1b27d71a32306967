/** A stream as `/streams` shows it, as far as it is counted. */
export interface CountedStream {
  readonly id: string;
  readonly container_id: string;
  readonly status: string;
  readonly peers: number | null;
  /** KB/s, as engines give them; so is the next. */
  readonly speed_down: number | null;
  readonly speed_up: number | null;
  /** Bytes since the stream began; so is the next. */
  readonly downloaded: number | null;
  readonly uploaded: number | null;
}

/** Where numbers of streams come from. */
export interface StreamSource {
  /** Those that run, and perhaps some that have ended; null while they can't be had. */
  list(): Promise<readonly CountedStream[] | null>;
  /** How many were found stale since this process began. */
  staleDetected(): number;
}

type Direction = 'downloaded' | 'uploaded';

type Bytes = Record<Direction, number> & { readonly seenAt: number };

/** A VPN that is silent for long is in no list, and its streams are not to be counted again after that. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;

/** Bytes of all streams that this process has seen, also of those that are over. It never goes down. */
export class Transferred {
  private readonly last = new Map<string, Bytes>();
  downloaded = 0;
  uploaded = 0;

  /** @param at on the clock that nobody sets */
  see(streams: readonly CountedStream[], at = performance.now()): void {
    for (const stream of streams) {
      const before = this.last.get(stream.id) ?? { downloaded: 0, uploaded: 0 };
      const now = { downloaded: stream.downloaded ?? before.downloaded, uploaded: stream.uploaded ?? before.uploaded };
      // An engine that counts from the beginning again.
      this.downloaded += Math.max(0, now.downloaded - before.downloaded);
      this.uploaded += Math.max(0, now.uploaded - before.uploaded);
      this.last.set(stream.id, { ...now, seenAt: at });
    }
    for (const [id, { seenAt }] of this.last) if (at - seenAt > FORGOTTEN_AFTER_MS) this.last.delete(id);
  }
}
