import type { ContainerId, Instant } from '../../domain/engine';
import type { Stream, StreamEvent } from '../../domain/streams/stream';
import { jsonBytes } from './carry-over/json-bytes';

// Streams as proxies report them. A report may come twice or late. Reports of one batch are in order. Repeated reports are accepted, and
// change nothing.

/** How long ended streams are kept, so that a late repeat of a start does not begin the stream again. */
const ENDED_KEPT_MS = 10 * 60_000;
/** A limit, since the input of the workflow's next run, which is one history event, contains the streams. */
const ENDED_KEPT_AT_MOST = 40;
/** All running streams are carried over, and Temporal accepts no input over 2 MB. This is some 800 ordinary streams. */
const STARTED_BYTES_AT_MOST = 512 * 1024;

export interface StreamChange {
  readonly streams: readonly Stream[];
  /** Engines on which a stream has begun or ended. */
  readonly used: ReadonlySet<ContainerId>;
  /** How many started streams were not kept, for want of room. */
  readonly refused: number;
}

/** Takes in reports. @param known engines that exist, those being released included: streams on other engines are ignored */
export function reported(
  streams: readonly Stream[],
  events: readonly StreamEvent[],
  known: ReadonlySet<ContainerId>,
  now: Instant,
): StreamChange {
  const all = new Map(streams.map((s) => [s.id, s]));
  const used = new Set<ContainerId>();
  let refused = 0;
  let room = STARTED_BYTES_AT_MOST - jsonBytes(streams.filter((s) => s.endedAt === null));
  for (const event of events) {
    const there = all.get(event.kind === 'started' ? event.stream.id : event.id);
    if (event.kind === 'started' && there === undefined && known.has(event.stream.containerId)) {
      const bytes = jsonBytes(event.stream);
      if (bytes > room) {
        refused++;
        continue;
      }
      room -= bytes;
      all.set(event.stream.id, event.stream);
      used.add(event.stream.containerId);
    } else if (event.kind === 'ended' && there?.endedAt === null) {
      room += jsonBytes(there);
      all.set(there.id, { ...there, endedAt: event.at, endReason: event.reason });
      used.add(there.containerId);
    }
  }
  if (used.size === 0) return { streams, used, refused };
  return { streams: withoutOld([...all.values()], now), used, refused };
}

/** Ends the streams on engines that are gone. Returns the same array if there are none. */
export function withoutEngines(streams: readonly Stream[], known: ReadonlySet<ContainerId>, now: Instant) {
  const ends = (s: Stream) => s.endedAt === null && !known.has(s.containerId);
  if (!streams.some(ends)) return streams;
  return streams.map((s) => (ends(s) ? { ...s, endedAt: now, endReason: 'engine gone' } : s));
}

export function startedOn(streams: readonly Stream[], engine: ContainerId): Stream[] {
  return streams.filter((s) => s.endedAt === null && s.containerId === engine);
}

function withoutOld(streams: readonly Stream[], now: Instant): Stream[] {
  const ended = streams.filter((s) => s.endedAt !== null && s.endedAt > now - ENDED_KEPT_MS);
  const kept = new Set(ended.toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0)).slice(-ENDED_KEPT_AT_MOST));
  return streams.filter((s) => s.endedAt === null || kept.has(s));
}
