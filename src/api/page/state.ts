import type { Health, Role } from '../../domain/engine';
import type { NewsJson } from '../../domain/news-json';
import type { EndedRecord, StateRecord } from '../../domain/vpn/timeline';
import type { EnginePhase } from '../../domain/vpn/status-view';
import type { BreakerJson, ReplacementJson, VpnJson } from '../schemas/engines';

// What the page is told, by the event that tells it. The page imports these types and nothing else of the API.
// Instants are in ms since the epoch.

export interface PageEvents {
  /** The first one. */
  readonly hello: PageHello;
  /** A VPN, whole, when anything of it has changed. */
  readonly vpn: PageVpn;
  /** What happened, oldest first; of a page that comes again some of it is not new. */
  readonly news: readonly PageNews[];
  /** The newest sample of each stream that has a new one. */
  readonly samples: readonly PageSample[];
  /** That the connection is alive. */
  readonly beat: { readonly now: number };
}

export interface PageHello {
  /** Of Portward's clock, which may differ from that of the page. */
  readonly now: number;
  /** Names the page's files: one that has others is to be loaded anew. */
  readonly build: string;
  readonly instance: string;
  /** In their order. */
  readonly vpns: readonly string[];
  readonly keyIsSet: boolean;
  /** Address of a workflow in the Temporal UI without its id; null: the UI is not shown here. */
  readonly temporalUi: string | null;
  readonly enginesAtLeast: number;
  readonly enginesAtMost: number;
}

export interface PageVpn extends Pick<
  VpnJson,
  'status' | 'health' | 'forwarding' | 'forwarded_port' | 'port_problem' | 'problem' | 'remedy'
> {
  readonly name: string;
  readonly workflowId: string;
  /** Since when it may be otherwise; null: it is so now. */
  readonly staleSince: number | null;
  readonly healthySince: number | null;
  readonly downSince: number | null;
  readonly portSince: number | null;
  readonly publicIp: string | null;
  readonly breakers: { readonly general: BreakerJson; readonly replacement: BreakerJson } | null;
  /** How many engines it is to have. */
  readonly target: number;
  readonly engines: readonly PageEngine[];
  /** Those that run, and the last that have ended. */
  readonly streams: readonly PageStream[];
  /** Newest first. */
  readonly replacements: readonly ReplacementJson[];
  readonly states: readonly StateRecord[];
  readonly ended: readonly EndedRecord[];
}

export interface PageEngine {
  /** Null: its container is still to be made. */
  readonly id: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly phase: EnginePhase;
  readonly forwarded: boolean;
  readonly httpPort: number;
  readonly p2pPort: number | null;
  readonly health: Health;
  readonly since: number | null;
  readonly lastUsedAt: number | null;
}

export interface PageStream {
  readonly id: string;
  readonly key: string;
  readonly keyType: string;
  /** Its engine's container. */
  readonly engine: string;
  readonly isLive: boolean;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly endReason: string | null;
}

/** Speeds in KB/s. */
export type PageSample = readonly [
  stream: string,
  at: number,
  peers: number | null,
  down: number | null,
  up: number | null,
];

export interface PageNews extends NewsJson {
  readonly id: string;
}
