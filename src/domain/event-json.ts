import type { NumberedEvent } from './event-log';

/** An event as the event stream and the webhook send it. */
export interface EventJson {
  readonly event: NumberedEvent['event']['kind'];
  /** RFC 3339, in UTC. */
  readonly time: string;
  readonly vpn: string;
  readonly [detail: string]: unknown;
}

export function eventJson(vpn: string, { at, event }: NumberedEvent): EventJson {
  const said = { event: event.kind, time: new Date(at).toISOString(), vpn };
  switch (event.kind) {
    case 'port_changed':
      return { ...said, from: event.from, to: event.to };
    case 'port_lost':
      return { ...said, port: event.port };
    case 'port_restored':
      return { ...said, port: event.port, lost_for_seconds: event.lostForMs / 1000 };
    case 'vpn_health':
      return { ...said, healthy: event.healthy };
    default:
      return {
        ...said,
        container_id: event.engine,
        container_name: event.name,
        p2p_port: event.p2pPort,
        cause: event.cause,
      };
  }
}

/** Names an event for good: numbers count within an incarnation. */
export function eventId(incarnation: string, number: number): string {
  return `${incarnation}.${number}`;
}
