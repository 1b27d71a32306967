import type { StrictEngine } from './proxy-client-shapes';

export interface Candidate {
  readonly engine: StrictEngine;
  readonly streams: number;
}

/** Sorts the candidates, best first: has room, healthy, fewest streams, forwarded, used longest ago. */
export function ranked(candidates: readonly Candidate[], room: number): Candidate[] {
  const isFull = ({ streams }: Candidate) => Number(streams >= room);
  const isUnwell = ({ engine }: Candidate) => Number(engine.health_status !== 'healthy');
  const isPlain = ({ engine }: Candidate) => Number(!engine.forwarded);
  return candidates.toSorted(
    (a, b) =>
      isFull(a) - isFull(b) ||
      isUnwell(a) - isUnwell(b) ||
      a.streams - b.streams ||
      isPlain(a) - isPlain(b) ||
      lastUse(a.engine) - lastUse(b.engine),
  );
}

/** 0 for an engine that was never used: it counts as used longest ago. */
function lastUse({ last_stream_usage: at }: StrictEngine): number {
  return at === null ? 0 : Date.parse(at);
}
