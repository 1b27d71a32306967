import type { StreamSampleJson } from '../../src/api/schemas/streams';
import type { PageSample } from '../../src/api/page/state';

/** Fetches all samples of a stream that the API has kept, oldest first. */
export async function keptSamples(stream: string): Promise<PageSample[]> {
  const response = await fetch(`/streams/${encodeURIComponent(stream)}/stats`);
  if (!response.ok) return [];
  const samples = (await response.json()) as StreamSampleJson[];
  return samples.map(({ ts, peers, speed_down, speed_up }) => [stream, Date.parse(ts), peers, speed_down, speed_up]);
}
