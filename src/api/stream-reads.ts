import type { Instant } from '../domain/engine';
import type { Stream, StreamSample } from '../domain/stream';
import { streamJson } from './present-streams';
import type { StreamEvents, VpnStreamsKnown } from './stream-events';
import type { StreamHistory } from './stream-history';
import type { StreamJson } from './stream-schemas';

export interface StreamsFilter {
  readonly status?: StreamJson['status'] | undefined;
  readonly containerId?: string | undefined;
}

/** The streams of one VPN, and how true they are. */
export interface VpnStreamsRead extends Pick<VpnStreamsKnown, 'vpn' | 'streams' | 'askedAt'> {
  /** Names this content of `streams`. */
  readonly version: string;
}

export type StreamListsRead =
  | { readonly kind: 'lists'; readonly vpns: readonly VpnStreamsRead[]; readonly staleSeconds: number | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The answer to `GET /streams`. */
export type StreamsAnswer =
  | { readonly kind: 'list'; readonly body: Buffer; readonly staleSeconds: number | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

export type StreamsOrReason =
  | { readonly kind: 'streams'; readonly streams: readonly StreamJson[]; readonly staleSeconds: number | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

const EMPTY = Buffer.from('[]');

export interface StreamReadsOptions {
  readonly lists: () => Promise<StreamListsRead>;
  /** How old a list may be that is shown as true. */
  readonly maxAgeMs: number;
  readonly events: StreamEvents;
  readonly history: StreamHistory;
}

/** What the API says of streams, kept as bytes for each filter as long as nothing of it changes. */
export class StreamReads {
  private of: string | null = null;
  private streams: readonly StreamJson[] = [];
  /** Filters that give nothing are not in it: there are as many of those as anybody likes. */
  private readonly bodies = new Map<string, Buffer>();
  /** The last lists, as long as none of them is too old: until then nobody has newer ones. */
  private fresh: { readonly vpns: readonly VpnStreamsRead[]; readonly until: number } | null = null;
  private readonly events: StreamEvents;
  private readonly history: StreamHistory;

  constructor(private readonly options: StreamReadsOptions) {
    this.events = options.events;
    this.history = options.history;
  }

  async body(filter: StreamsFilter): Promise<StreamsAnswer> {
    const all = this.atHand() ?? (await this.all());
    if (all.kind === 'unavailable') return all;
    const { streams, staleSeconds } = all;
    const { status, containerId } = filter;
    const key = `${status ?? ''} ${containerId ?? ''}`;
    const known = this.bodies.get(key);
    if (known) return { kind: 'list', body: known, staleSeconds };
    const chosen = streams.filter(
      (s) =>
        (status === undefined || s.status === status) && (containerId === undefined || s.container_id === containerId),
    );
    const body = chosen.length === 0 ? EMPTY : Buffer.from(JSON.stringify(chosen));
    if (chosen.length > 0) this.bodies.set(key, body);
    return { kind: 'list', body, staleSeconds };
  }

  /** Oldest first. */
  async all(): Promise<StreamsOrReason> {
    const read = await this.options.lists();
    if (read.kind === 'unavailable') return read;
    const { vpns, staleSeconds } = read;
    this.compose(vpns);
    const oldest = Math.min(...vpns.map((v) => v.askedAt));
    this.fresh = staleSeconds === null ? { vpns, until: oldest + this.options.maxAgeMs } : null;
    return { kind: 'streams', streams: this.streams, staleSeconds };
  }

  /** Without asking again for each VPN; null when a list may be too old. */
  private atHand(): StreamsOrReason | null {
    if (this.fresh === null || performance.now() > this.fresh.until) return null;
    this.compose(this.fresh.vpns);
    return { kind: 'streams', streams: this.streams, staleSeconds: null };
  }

  /** Those that run on the engine; none when they can't be had. */
  async runningOn(containerId: string): Promise<readonly StreamJson[]> {
    const all = await this.all();
    if (all.kind === 'unavailable') return [];
    return all.streams.filter((s) => s.status === 'started' && s.container_id === containerId);
  }

  /** None of a stream that is not known. */
  async samples(
    id: string,
    since: Instant | null,
  ): Promise<{ samples: StreamSample[]; staleSeconds: number | null } | { unavailable: string }> {
    const all = await this.all();
    if (all.kind === 'unavailable') return { unavailable: all.reason };
    const there = all.streams.some((s) => s.id === id);
    return { samples: there ? this.history.samples(id, since) : [], staleSeconds: all.staleSeconds };
  }

  private compose(vpns: readonly VpnStreamsRead[]): void {
    const parts = vpns.map(({ vpn, version, askedAt }) => `${version}+${this.events.version(vpn, askedAt)}`);
    const of = `${parts.join('|')}@${this.history.version}`;
    if (of === this.of) return;
    const all: readonly Stream[] = vpns.flatMap((v) => this.events.streams(v));
    this.streams = all
      .toSorted((a, b) => a.startedAt - b.startedAt || a.id.localeCompare(b.id))
      .map((s) => streamJson(s, this.history.latest(s.id)));
    this.bodies.clear();
    this.of = of;
  }
}
