import type { Health } from '../../domain/engine';
import type { EventJson } from '../../domain/event-json';
import type { EndedRecord, StateRecord } from '../../domain/vpn/timeline';
import type { EnginePhase } from '../../domain/vpn/status-view';
import type { BreakerJson, ReplacementJson, VpnJson } from '../schemas/engines';

// The events that the page receives, by name. The page imports types of the API only, and no functions.
// Times are in ms since 1970.

export interface PageEvents {
  /** The first event of each connection. */
  readonly hello: PageHello;
  /** The whole state of a VPN, sent when anything in it has changed. */
  readonly vpn: PageVpn;
  /** Events of a VPN, oldest first. After a reconnection, the page has some of them already. */
  readonly events: readonly ShownEvent[];
  /** The newest sample of each stream that has a new one. */
  readonly samples: readonly PageSample[];
  /** Sent every 10 s, to show that the connection is alive. */
  readonly beat: { readonly now: number };
}

export interface PageHello {
  /** Portward's clock, which may differ from the browser's. */
  readonly now: number;
  /** Identifies the page's files. A page that was loaded with another value reloads itself. */
  readonly build: string;
  readonly instance: string;
  /** Names, in the order of the configuration. */
  readonly vpns: readonly string[];
  /** Address of a workflow in the Temporal UI, without the workflow's id; null: the API does not serve the UI. */
  readonly temporalUi: string | null;
  readonly enginesAtLeast: number;
  readonly enginesAtMost: number;
}

export interface PageVpn extends Pick<
  VpnJson,
  'status' | 'health' | 'forwarding' | 'forwarded_port' | 'port_problem' | 'problem' | 'remedy'
> {
  readonly name: string;
  /** Since when the state may be out of date; null: it is current. */
  readonly staleSince: number | null;
  readonly healthySince: number | null;
  readonly downSince: number | null;
  readonly portSince: number | null;
  readonly publicIp: string | null;
  readonly breakers: { readonly general: BreakerJson; readonly replacement: BreakerJson } | null;
  /** The number of engines that the VPN keeps. */
  readonly target: number;
  readonly engines: readonly PageEngine[];
  /** The running streams, and the last ended ones. */
  readonly streams: readonly PageStream[];
  /** Newest first. */
  readonly replacements: readonly ReplacementJson[];
  readonly states: readonly StateRecord[];
  readonly ended: readonly EndedRecord[];
}

export interface PageEngine {
  /** Null: its container does not exist yet. */
  readonly id: string | null;
  readonly name: string | null;
  readonly phase: EnginePhase;
  readonly forwarded: boolean;
  readonly httpPort: number;
  readonly p2pPort: number | null;
  readonly health: Health;
  readonly createdAt: number | null;
}

export interface PageStream {
  readonly id: string;
  readonly key: string;
  readonly keyType: string;
  /** Container id of its engine. */
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

/** An event of a VPN. */
export interface ShownEvent extends EventJson {
  readonly id: string;
}
