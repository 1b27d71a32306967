import type { ContainerId, Instant } from '../engine';

export const keyTypes = ['content_id', 'infohash', 'url', 'magnet'] as const;

/** A playback that a proxy has reported. `id`: the one that the proxy gave, or `key|playbackSessionId`. */
export interface Stream {
  readonly id: string;
  readonly keyType: (typeof keyTypes)[number];
  readonly key: string;
  readonly containerId: ContainerId;
  readonly playbackSessionId: string;
  /** Only its path is used, at the engine's own address: whoever reports a stream must not choose where Portward connects to. */
  readonly statUrl: string;
  readonly commandUrl: string;
  readonly isLive: boolean;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly endReason: string | null;
}

/** Engines that have a stream. */
export function busyEngines({ streams }: { readonly streams: readonly Stream[] }): Set<ContainerId> {
  return new Set(streams.filter((s) => s.endedAt === null).map((s) => s.containerId));
}

/** A report on a stream. It may come twice or late: see `src/workflows/vpn/streams.ts`. */
export type StreamEvent =
  | { readonly kind: 'started'; readonly stream: Stream }
  | { readonly kind: 'ended'; readonly id: string; readonly at: Instant; readonly reason: string | null };

/** One answer of a stream's `stat_url`; null: the answer lacks that value. Speeds in KB/s, amounts in bytes, as AceStream gives them. */
export interface StreamSample {
  readonly at: Instant;
  readonly peers: number | null;
  readonly speedDown: number | null;
  readonly speedUp: number | null;
  readonly downloaded: number | null;
  readonly uploaded: number | null;
  readonly status: string | null;
}
