import { eventId, eventJson } from '../../domain/event-json';
import type { EventLog } from '../../domain/event-log';
import { positionText, type Place, type Position } from './feed-position';

/** One event for a listener. `id` is the listener's position after the event. */
export interface FollowerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The position of one listener. Finds the events in a workflow's answer that are new to the listener. */
export class EventFollower {
  private readonly position: Map<string, Place>;

  /**
   * @param from position after which to begin; null: after the events in `now`
   * @param now the last answer of each VPN
   */
  constructor(from: Position | null, now: ReadonlyMap<string, EventLog>) {
    this.position = new Map(from ?? [...now].map(([vpn, log]) => [vpn, newest(log)]));
  }

  get id(): string {
    return positionText(this.position);
  }

  /** The new events of an answer. Begins with a `gap` event if events after the position are no longer kept. */
  take(vpn: string, { incarnation, events }: EventLog): FollowerEvent[] {
    const place = this.position.get(vpn);
    const result: FollowerEvent[] = [];
    const fresh = place?.incarnation === incarnation ? events.filter(({ number }) => number > place.number) : events;
    const first = fresh[0]?.number;
    if (
      place !== undefined &&
      (place.incarnation !== incarnation || (first !== undefined && first > place.number + 1))
    ) {
      this.position.set(vpn, { incarnation, number: (first ?? 1) - 1 });
      const after = eventId(place.incarnation, place.number);
      result.push({ id: this.id, event: 'gap', data: { time: new Date().toISOString(), vpn, after } });
    }
    for (const item of fresh) {
      this.position.set(vpn, { incarnation, number: item.number });
      const { event, ...data } = eventJson(vpn, item);
      result.push({ id: this.id, event, data });
    }
    if (!this.position.has(vpn)) this.position.set(vpn, { incarnation, number: 0 });
    return result;
  }
}

function newest({ incarnation, events }: EventLog): Place {
  return { incarnation, number: events.at(-1)?.number ?? 0 };
}
