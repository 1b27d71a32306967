import type { ObserveProgress } from '../activities/observe';
import { pauseUntil } from '../pause';
import { StatisticsPoll } from './statistics-poll';
import { StaleStreams } from './stale-streams';
import { StreamEvents, type KnownStreams, type VpnStreamsKnown } from './stream-events';
import { StreamHistory } from './stream-history';
import { StreamReads } from './stream-reads';
import type { Reads, VpnListsRead } from './reads';

export interface StreamsPartOptions {
  readonly reads: Reads;
  /** How old a list may be that is shown. */
  readonly maxAgeMs: number;
  /** Samples of one stream. */
  readonly historyMax: number;
}

/** All of the API that has to do with streams, put together. */
export class StreamsPart {
  readonly events: StreamEvents;
  readonly history: StreamHistory;
  readonly reads: StreamReads;
  readonly stale = new StaleStreams();
  private readonly poll: StatisticsPoll;

  constructor({ reads, maxAgeMs, historyMax }: StreamsPartOptions) {
    const known: KnownStreams = {
      read: async () => (await reads.lists()).map(knownOf),
      readAnew: async () => {
        const now = performance.now();
        for (;;) {
          // An answer is reused for so long, counted from when it was asked for.
          await pauseUntil(maxAgeMs + 1);
          const anew = (await reads.lists()).map(knownOf);
          if (anew.every((v) => !v.fresh || v.askedAt >= now)) return anew;
        }
      },
    };
    this.events = new StreamEvents(
      known,
      new Map(reads.sources.map((source) => [source.vpn, (events) => source.tellStreams(events)])),
    );
    this.history = new StreamHistory(historyMax);
    const { events, history } = this;
    this.reads = new StreamReads({ lists: () => reads.usableLists(), maxAgeMs, events, history });
    this.poll = new StatisticsPoll(
      {
        streams: async () => {
          const lists = await reads.usableLists();
          return lists.kind === 'lists' ? lists.vpns : [];
        },
        collected: async (vpn) => {
          const progress: ObserveProgress | null = await reads.progress(vpn);
          return progress?.streams ?? {};
        },
      },
      this.history,
      this.stale,
      reads.sources.length,
    );
  }

  start(): void {
    this.poll.start();
  }

  stop(): Promise<void> {
    return this.poll.stop();
  }
}

function knownOf({ vpn, read }: VpnListsRead): VpnStreamsKnown {
  if (read.kind === 'none') return { vpn, engines: [], streams: [], askedAt: -Infinity, fresh: false };
  const { engines, streams } = read.value;
  return {
    vpn,
    engines: [...engines.engines, ...engines.hidden].map(({ id, name, httpPort }) => ({ vpn, id, name, httpPort })),
    streams: streams.streams,
    askedAt: read.askedAt,
    fresh: read.kind === 'fresh',
  };
}
