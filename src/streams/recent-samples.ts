import type { StreamSample } from '../domain/stream';
import { sampleRecord, type SampleRecords } from '../domain/stream-samples';

/** So long the API may have to wait for a heartbeat and look at it, and then some. */
const KEPT_MS = 25_000;
const KEPT_AT_MOST = 30;
/** Heartbeats go every 3 s and stay with the server as long as the activity runs. */
const BYTES_AT_MOST = 64 * 1024;
/** What one record is as JSON at most, and what a stream's id and its punctuation are as a rule. */
const RECORD_BYTES = 120;
const STREAM_BYTES = 120;

/** The last statistics of each stream, for the next heartbeats. */
export class RecentSamples {
  private readonly streams = new Map<string, StreamSample[]>();

  add(stream: string, sample: StreamSample): void {
    const before = this.streams.get(stream) ?? [];
    const young = before.filter(({ at }) => at > sample.at - KEPT_MS && at < sample.at);
    this.streams.set(stream, [...young, sample].slice(-KEPT_AT_MOST));
  }

  keepOnly(streams: ReadonlySet<string>): void {
    for (const stream of this.streams.keys()) if (!streams.has(stream)) this.streams.delete(stream);
  }

  /** As many of the newest of each as a heartbeat may hold; of hundreds of streams only the first ones. */
  records(): SampleRecords {
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
    return Object.fromEntries(records);
  }
}
