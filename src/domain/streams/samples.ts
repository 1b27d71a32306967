import type { StreamSample } from './stream';

/** A sample as heartbeats carry it: the fields of `StreamSample` in their order, without their names, which saves bytes. */
export type SampleRecord = readonly [
  at: number,
  peers: number | null,
  speedDown: number | null,
  speedUp: number | null,
  downloaded: number | null,
  uploaded: number | null,
  status: string | null,
];

/** The samples of each stream, oldest first, by the stream's id. */
export type SampleRecords = Readonly<Record<string, readonly SampleRecord[]>>;

export function sampleRecord(s: StreamSample): SampleRecord {
  return [s.at, s.peers, s.speedDown, s.speedUp, s.downloaded, s.uploaded, s.status];
}

export function sampleOf(record: SampleRecord): StreamSample {
  const [at, peers, speedDown, speedUp, downloaded, uploaded, status] = record;
  return { at, peers, speedDown, speedUp, downloaded, uploaded, status };
}
