import type { Instant } from '../../../domain/engine';
import type { PublicEvent, NumberedEvent } from '../../../domain/event-log';

const KEPT = 50;

/** The latest events with one more. @param notified the highest number sent to NOTIFY_URL, also where that event is not kept any more */
export function withEvent(
  events: readonly NumberedEvent[],
  notified: number,
  event: PublicEvent,
  at: Instant,
): NumberedEvent[] {
  const number = Math.max(events.at(-1)?.number ?? 0, notified) + 1;
  return [...events, { number, at, event }].slice(-KEPT);
}
