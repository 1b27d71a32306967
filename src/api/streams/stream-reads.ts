import type { Instant } from '../../domain/engine';
import type { StreamSample } from '../../domain/streams/stream';
import { streamJson } from '../present/streams';
import { ReadyBody } from '../reads/ready-body';
import type { Reads, UsableLists } from '../reads/reads';
import type { StreamHistory } from './stream-history';
import type { StreamJson } from '../schemas/streams';

export interface StreamsFilter {
  readonly status?: StreamJson['status'] | undefined;
  readonly containerId?: string | undefined;
}

/** The answer to `GET /streams`. */
export type StreamsAnswer =
  | { readonly kind: 'list'; readonly body: ReadyBody; readonly staleSeconds: number | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

export type StreamsOrReason =
  | { readonly kind: 'streams'; readonly streams: readonly StreamJson[]; readonly staleSeconds: number | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

const EMPTY = new ReadyBody(Buffer.from('[]'));

/** What the API says of streams, kept as bytes for each filter as long as nothing of it changes. */
export class StreamReads {
  private of: string | null = null;
  private streams: readonly StreamJson[] = [];
  /** Filters that give nothing are not in it: there are as many of those as anybody likes. */
  private readonly bodies = new Map<string, ReadyBody>();

  constructor(
    private readonly reads: Reads,
    private readonly history: StreamHistory,
  ) {}

  async body(filter: StreamsFilter): Promise<StreamsAnswer> {
    const all = await this.all();
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
    const body = chosen.length === 0 ? EMPTY : new ReadyBody(Buffer.from(JSON.stringify(chosen)));
    if (chosen.length > 0) this.bodies.set(key, body);
    return { kind: 'list', body, staleSeconds };
  }

  /** Oldest first. */
  async all(): Promise<StreamsOrReason> {
    const read = await this.reads.usableLists();
    if (read.kind === 'unavailable') return read;
    this.compose(read.vpns);
    return { kind: 'streams', streams: this.streams, staleSeconds: read.staleSeconds };
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

  private compose(vpns: readonly UsableLists[]): void {
    const of = `${vpns.map(({ vpn, lists }) => `${vpn} ${lists.streams.version}`).join('|')}@${this.history.version}`;
    if (of === this.of) return;
    this.streams = vpns
      .flatMap(({ lists }) => lists.streams.streams)
      .toSorted((a, b) => a.startedAt - b.startedAt || a.id.localeCompare(b.id))
      .map((s) => streamJson(s, this.history.latest(s.id)));
    this.bodies.clear();
    this.of = of;
  }
}
