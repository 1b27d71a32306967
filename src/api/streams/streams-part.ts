import { StatisticsPoll } from './statistics-poll';
import { StaleStreams } from './stale-streams';
import { StreamEvents } from './stream-events';
import { StreamHistory } from './stream-history';
import { StreamReads } from './stream-reads';
import type { Reads } from '../reads/reads';

/** The parts of the API that deal with streams. */
export class StreamsPart {
  readonly events: StreamEvents;
  readonly history: StreamHistory;
  readonly reads: StreamReads;
  readonly stale = new StaleStreams();
  private readonly poll: StatisticsPoll;

  /** @param historyMax the number of samples kept of each stream */
  constructor(reads: Reads, historyMax: number) {
    this.events = new StreamEvents(reads.followers);
    this.history = new StreamHistory(historyMax);
    this.reads = new StreamReads(reads, this.history);
    this.poll = new StatisticsPoll(
      {
        streams: async () => {
          const read = await reads.usableLists();
          return read.kind === 'lists'
            ? read.vpns.map(({ vpn, lists }) => ({ vpn, streams: lists.streams.streams }))
            : [];
        },
        collected: async (vpn) => (await reads.progress(vpn))?.streams ?? {},
      },
      this.history,
      this.stale,
      reads.names.length,
    );
  }

  start(): void {
    this.poll.start();
  }

  stop(): Promise<void> {
    return this.poll.stop();
  }
}
