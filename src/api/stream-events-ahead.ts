import type { Stream, StreamEvent } from '../domain/stream';

/** When nobody reads, what is known of the past hours is not worth keeping. */
const KEPT_AT_MOST = 5_000;
/** Who waits for another VPN may have an older list in hand than who came later. */
const OLDER_BY_AT_MOST_MS = 10_000;

/** The list as the workflow will have it: a repeated start, and an end of what is unknown or over, change nothing. */
export function withEvents(streams: readonly Stream[], events: readonly StreamEvent[]): readonly Stream[] {
  if (events.length === 0) return streams;
  const all = new Map(streams.map((s) => [s.id, s]));
  for (const event of events) {
    const there = all.get(event.kind === 'started' ? event.stream.id : event.id);
    if (event.kind === 'started') {
      if (!there) all.set(event.stream.id, event.stream);
    } else if (there?.endedAt === null) all.set(there.id, { ...there, endedAt: event.at, endReason: event.reason });
  }
  return [...all.values()];
}

/**
 * Events that Temporal has accepted, as long as the list of streams that is at hand was asked for before that: a query
 * sees every signal that was accepted before it was sent, as does what stands in for one (`sparing-lists.ts`). All times are of one clock that nobody sets.
 */
export class EventsAhead {
  private events: { readonly event: StreamEvent; readonly at: number }[] = [];
  private accepted = 0;

  add(events: readonly StreamEvent[], at: number): void {
    this.accepted += events.length;
    this.events = [...this.events, ...events.map((event) => ({ event, at }))].slice(-KEPT_AT_MOST);
  }

  /** Oldest first; those of long before are forgotten. @param askedAt when the list was asked for that they are to be added to */
  since(askedAt: number): StreamEvent[] {
    const [oldest] = this.events;
    if (oldest && oldest.at <= askedAt - OLDER_BY_AT_MOST_MS)
      this.events = this.events.filter(({ at }) => at > askedAt - OLDER_BY_AT_MOST_MS);
    return this.events.filter(({ at }) => at > askedAt).map(({ event }) => event);
  }

  /** Another one whenever `since` would give others. */
  version(askedAt: number): string {
    const { length } = this.since(askedAt);
    return length === 0 ? '' : `${this.accepted}-${length}`;
  }
}
