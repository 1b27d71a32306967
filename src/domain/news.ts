import type { ContainerId, Instant, Port } from './engine';
import type { Cause } from './replacement';

interface EngineNews {
  readonly engine: ContainerId;
  readonly name: string;
  readonly p2pPort: Port | null;
}

/** What happened on a VPN, for those who follow it. */
export type Happening =
  | { readonly kind: 'port_changed'; readonly from: Port; readonly to: Port }
  | { readonly kind: 'port_lost'; readonly port: Port }
  | { readonly kind: 'port_restored'; readonly port: Port; readonly lostForMs: number }
  | ({ readonly kind: 'engine_evicted'; readonly cause: Cause } & EngineNews)
  | ({ readonly kind: 'engine_provisioned'; readonly cause: Cause } & EngineNews)
  | ({ readonly kind: 'engine_ready'; readonly cause: Cause } & EngineNews)
  | ({ readonly kind: 'engine_stopped'; readonly cause: Cause } & EngineNews)
  | { readonly kind: 'vpn_health'; readonly healthy: boolean };

/** `number` counts up within one lineage of the VPN's workflow. */
export interface NewsItem {
  readonly number: number;
  readonly at: Instant;
  readonly happening: Happening;
}

/** What happened lately, oldest first, and the lineage within which the numbers count. */
export interface NewsAnswer {
  readonly lineage: string;
  readonly news: readonly NewsItem[];
}
