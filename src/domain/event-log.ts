import type { ContainerId, Instant, Port } from './engine';
import type { Cause } from './replacement';

interface EngineDetails {
  readonly engine: ContainerId;
  readonly name: string;
  readonly p2pPort: Port | null;
}

/** An event of a VPN that is published: on the event stream, on the page and to NOTIFY_URL. */
export type PublicEvent =
  | { readonly kind: 'port_changed'; readonly from: Port; readonly to: Port }
  | { readonly kind: 'port_lost'; readonly port: Port }
  | { readonly kind: 'port_restored'; readonly port: Port; readonly lostForMs: number }
  | ({ readonly kind: 'engine_evicted'; readonly cause: Cause } & EngineDetails)
  | ({ readonly kind: 'engine_provisioned'; readonly cause: Cause } & EngineDetails)
  | ({ readonly kind: 'engine_ready'; readonly cause: Cause } & EngineDetails)
  | ({ readonly kind: 'engine_stopped'; readonly cause: Cause } & EngineDetails)
  | { readonly kind: 'vpn_health'; readonly healthy: boolean };

/** `number` counts up within one incarnation of the VPN's workflow. */
export interface NumberedEvent {
  readonly number: number;
  readonly at: Instant;
  readonly event: PublicEvent;
}

/** The latest events, oldest first. Their numbers count within the incarnation. */
export interface EventLog {
  readonly incarnation: string;
  readonly events: readonly NumberedEvent[];
}
