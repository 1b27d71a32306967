import type { StreamSample } from '../../domain/streams/stream';
import { sampleRecord, type SampleRecords } from '../../domain/streams/samples';

/** Longer than it takes the API to read a heartbeat. */
const KEPT_MS = 25_000;
const KEPT_AT_MOST = 30;
/** Size limit of a heartbeat. One is sent every 3 s, and Temporal keeps the last one while the activity runs. */
const BYTES_AT_MOST = 64 * 1024;
/** Longest JSON of one record, and the usual JSON of a stream's id with its punctuation. */
const RECORD_BYTES = 120;
const STREAM_BYTES = 120;
/**
 * How long heartbeats show the same streams. Longer than one interval of heartbeats (3 s) and one of the API's reads
 * (5 s) together, so that the API sees each stream.
 */
const TURN_MS = 10_000;

/** The last statistics of each stream, for the next heartbeats. */
export class RecentSamples {
  /** In the order in which heartbeats show them. */
  private readonly streams = new Map<string, StreamSample[]>();
  private turnBeganAt = -Infinity;
  /** Streams that the last heartbeat had room for. */
  private shown: readonly string[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  add(stream: string, sample: StreamSample): void {
    const before = this.streams.get(stream) ?? [];
    const young = before.filter(({ at }) => at > sample.at - KEPT_MS && at < sample.at);
    this.streams.set(stream, [...young, sample].slice(-KEPT_AT_MOST));
  }

  keepOnly(streams: ReadonlySet<string>): void {
    for (const stream of this.streams.keys()) if (!streams.has(stream)) this.streams.delete(stream);
  }

  /** The newest samples of each stream, as many as a heartbeat may hold. Hundreds of streams take turns. */
  records(): SampleRecords {
    if (this.now() - this.turnBeganAt >= TURN_MS) this.nextTurn();
    const each = BYTES_AT_MOST / Math.max(1, this.streams.size) - STREAM_BYTES;
    const newest = Math.max(1, Math.floor(each / RECORD_BYTES));
    const records: [string, SampleRecords[string]][] = [];
    let bytes = 0;
    for (const [stream, samples] of this.streams) {
      const chosen = samples.slice(-newest).map(sampleRecord);
      bytes += Buffer.byteLength(JSON.stringify([stream, chosen]));
      if (bytes > BYTES_AT_MOST) break;
      records.push([stream, chosen]);
    }
    this.shown = records.map(([stream]) => stream);
    return Object.fromEntries(records);
  }

  /** Moves the streams that were shown behind all others. */
  private nextTurn(): void {
    this.turnBeganAt = this.now();
    for (const stream of this.shown) {
      const samples = this.streams.get(stream);
      if (!samples) continue;
      this.streams.delete(stream);
      this.streams.set(stream, samples);
    }
  }
}
