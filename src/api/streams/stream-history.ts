import type { Instant } from '../../domain/engine';
import type { StreamSample } from '../../domain/streams/stream';
import { sampleOf, type SampleRecords } from '../../domain/streams/samples';

interface History {
  readonly samples: readonly StreamSample[];
  /** Times of what the last heartbeat had. */
  readonly seen: ReadonlySet<Instant>;
}

/** The statistics of each stream, as workers have collected them while this process was there. */
export class StreamHistory {
  private readonly streams = new Map<string, History>();
  /** Raised with each new sample. */
  version = 0;

  /** @param samplesAtMost of one stream */
  constructor(private readonly samplesAtMost: number) {}

  /** Those that are new: heartbeats repeat themselves. Not by order, since the worker's clock may be set back. */
  add(records: SampleRecords): void {
    for (const [stream, given] of Object.entries(records)) {
      const { samples, seen } = this.streams.get(stream) ?? { samples: [], seen: new Set() };
      const further = given.map(sampleOf).filter(({ at }) => !seen.has(at));
      if (further.length === 0) continue;
      this.streams.set(stream, {
        samples: [...samples, ...further].slice(-this.samplesAtMost),
        seen: new Set(given.map(([at]) => at)),
      });
      this.version++;
    }
  }

  latest(stream: string): StreamSample | null {
    return this.streams.get(stream)?.samples.at(-1) ?? null;
  }

  /** Of each stream that has any. */
  newest(): [stream: string, sample: StreamSample][] {
    return [...this.streams].flatMap(([stream, { samples }]) =>
      samples.slice(-1).map((s) => [stream, s] as [string, StreamSample]),
    );
  }

  /** Oldest first. @param since null: all */
  samples(stream: string, since: Instant | null): StreamSample[] {
    const all = this.streams.get(stream)?.samples ?? [];
    return since === null ? [...all] : all.filter(({ at }) => at >= since);
  }

  keepOnly(streams: ReadonlySet<string>): void {
    for (const stream of this.streams.keys()) if (!streams.has(stream)) this.streams.delete(stream);
  }
}
