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

/** The streams that the API shows. The answer for each filter is kept as bytes until a stream changes. */
export class StreamReads {
  /** The versions of the lists and of the history that `streams` and `bodies` were made of. */
  private madeOf: string | null = null;
  private streams: readonly StreamJson[] = [];
  /** By filter. Empty answers are not kept, because clients can invent any number of filters without a result. */
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

  /** All streams, oldest first. */
  async all(): Promise<StreamsOrReason> {
    const read = await this.reads.usableLists();
    if (read.kind === 'unavailable') return read;
    this.compose(read.vpns);
    return { kind: 'streams', streams: this.streams, staleSeconds: read.staleSeconds };
  }

  /** The running streams on an engine; none while there is no list. */
  async runningOn(containerId: string): Promise<readonly StreamJson[]> {
    const all = await this.all();
    if (all.kind === 'unavailable') return [];
    return all.streams.filter((s) => s.status === 'started' && s.container_id === containerId);
  }

  /** The samples of a stream, oldest first; none if the stream does not exist. @param since null: all */
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
    const madeOf = `${vpns.map(({ vpn, lists }) => `${vpn} ${lists.streams.version}`).join('|')}@${this.history.version}`;
    if (madeOf === this.madeOf) return;
    this.streams = vpns
      .flatMap(({ lists }) => lists.streams.streams)
      .toSorted((a, b) => a.startedAt - b.startedAt || a.id.localeCompare(b.id))
      .map((s) => streamJson(s, this.history.latest(s.id)));
    this.bodies.clear();
    this.madeOf = madeOf;
  }
}
