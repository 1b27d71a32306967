import type { ContainerId, Instant } from '../../../domain/engine';
import type { StreamEvent } from '../../../domain/streams/stream';
import { bootingEngines, type VpnData } from '../data';
import type { VpnState } from '../state';
import { reported, withoutEngines } from '../streams';

/** Takes reports on streams into the state. @returns how many streams that begin could not be kept, for want of room */
export function streamsReported(state: VpnState, events: readonly StreamEvent[], now: Instant): number {
  const { data } = state;
  const { streams, used, refused } = reported(data.streams, events, mayHaveStreams(data), now);
  if (used.size === 0) return refused;
  const engines = data.engines.map((e) => (used.has(e.id) ? { ...e, lastUsedAt: now } : e));
  state.update({ streams, engines, streamVersion: data.streamVersion + 1 });
  return refused;
}

export function endStreamsOfGoneEngines(state: VpnState, now: Instant): void {
  const { data } = state;
  const streams = withoutEngines(data.streams, mayHaveStreams(data), now);
  if (streams !== data.streams) state.update({ streams, streamVersion: data.streamVersion + 1 });
}

/** Engines that may have streams: listed ones, booting ones, and those being released, until they are removed or at least stopped. */
function mayHaveStreams(data: VpnData): Set<ContainerId> {
  const { engines, evicted, sealed, leftOvers, snapshot } = data;
  const stopped = new Set(snapshot?.engines.filter((e) => !e.running).map((e) => e.id));
  const serving = evicted.filter(
    ({ id }) => !sealed.includes(id) && !(stopped.has(id) && leftOvers.some((e) => e.id === id)),
  );
  return new Set([...engines, ...serving, ...bootingEngines(data)].map((e) => e.id));
}
