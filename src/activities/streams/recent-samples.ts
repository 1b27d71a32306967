import type { StreamSample } from '../../domain/streams/stream';
import { sampleRecord, type SampleRecords } from '../../domain/streams/samples';

/** So long the API may have to wait for a heartbeat and look at it, and then some. */
const KEPT_MS = 25_000;
const KEPT_AT_MOST = 30;
/** Heartbeats go every 3 s and stay with the server as long as the activity runs. */
const BYTES_AT_MOST = 64 * 1024;
/** What one record is as JSON at most, and what a stream's id and its punctuation are as a rule. */
const RECORD_BYTES = 120;
const STREAM_BYTES = 120;
/** Longer than from a heartbeat until the API has looked at one that has the same streams: they go every 3 s, and it looks every 5 s. */
const TURN_MS = 10_000;

/** The last statistics of each stream, for the next heartbeats. */
export class RecentSamples {
  /** Those whose turn in a heartbeat it is, or will be next, come first. */
  private readonly streams = new Map<string, StreamSample[]>();
  private turnBeganAt = -Infinity;
  /** Streams that had room in the heartbeats of this turn. */
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

  /** As many of the newest of each as a heartbeat may hold; hundreds of streams take turns. */
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

  /** Who has been shown goes behind all others. */
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
