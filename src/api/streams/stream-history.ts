import type { Instant } from '../../domain/engine';
import type { StreamSample } from '../../domain/streams/stream';
import { sampleOf, type SampleRecords } from '../../domain/streams/samples';

interface History {
  readonly samples: readonly StreamSample[];
  /** Times of the samples in the last heartbeat. */
  readonly seen: ReadonlySet<Instant>;
}

/** The samples of each stream that workers have collected since this process began. */
export class StreamHistory {
  private readonly streams = new Map<string, History>();
  /** Grows with each call of `add` that brings new samples of a stream. */
  version = 0;

  /** @param samplesAtMost the number of samples kept of each stream */
  constructor(private readonly samplesAtMost: number) {}

  /** Adds the new samples of a heartbeat, which repeats older ones. A new one may have an earlier time, if the worker's clock was set back. */
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

  /** The newest sample of each stream that has one. */
  newest(): [stream: string, sample: StreamSample][] {
    return [...this.streams].flatMap(([stream, { samples }]) =>
      samples.slice(-1).map((s) => [stream, s] as [string, StreamSample]),
    );
  }

  /** The samples of a stream, oldest first. @param since null: all */
  samples(stream: string, since: Instant | null): StreamSample[] {
    const all = this.streams.get(stream)?.samples ?? [];
    return since === null ? [...all] : all.filter(({ at }) => at >= since);
  }

  keepOnly(streams: ReadonlySet<string>): void {
    for (const stream of this.streams.keys()) if (!streams.has(stream)) this.streams.delete(stream);
  }
}
