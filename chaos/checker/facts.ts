// What the checker is told, in the order in which it was seen. Times are ms since the epoch.
import type { ProxyEngine } from '../../simulator/proxy-engine';
import type { VpnName } from '../faults';

/** What came of one `GET /engines`. */
export type Answer = {
  readonly kind: 'answer';
  readonly sentAt: number;
  readonly at: number;
} & (
  | { readonly outcome: 'list'; readonly staleSeconds: number | null; readonly engines: readonly ListedEngine[] }
  /** 503 with a reason, as documented. */
  | { readonly outcome: 'unavailable'; readonly detail: string }
  /** No connection, or no answer. */
  | { readonly outcome: 'silence'; readonly error: string }
  /** Anything else. */
  | { readonly outcome: 'wrong'; readonly error: string }
);

export interface ListedEngine {
  readonly id: string;
  readonly name: string;
  readonly vpn: VpnName;
  readonly httpPort: number;
  readonly forwarded: boolean;
  readonly p2pPort: number | null;
  /** Null: by nobody but those who made it, and what they say is not of the VPN's port. */
  readonly lastSeen: number | null;
}

/** An event of a container, as Docker tells it. */
export interface ContainerEvent {
  readonly kind: 'container event';
  readonly at: number;
  readonly action: string;
  readonly id: string;
  readonly name: string;
  /** What is known of it by its labels. */
  readonly is: 'engine' | 'bystander' | 'vpn';
  /** Which VPN it is; null for what is none. */
  readonly vpn: VpnName | null;
}

/** Docker was asked after an update: the engine's restart policy is `no` since then. */
export interface EvictionMark {
  readonly kind: 'eviction mark';
  readonly at: number;
  readonly id: string;
  readonly name: string;
}

/** What an engine's API said when it was first seen in the list. */
export interface Probe {
  readonly kind: 'probe';
  readonly at: number;
  readonly engine: ListedEngine;
  /** Null when it answered. */
  readonly error: string | null;
}

/** Another route of the API that the harness asked. */
export interface ApiAnswer {
  readonly kind: 'api answer';
  readonly at: number;
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

/** The calm VPN has another port. */
export interface CalmChange {
  readonly kind: 'calm change';
  /** When the new port was there. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** A VPN's control server was told to stop the VPN inside its container, or to run it. The harness does so by other ways. */
export interface VpnOrder {
  readonly kind: 'vpn order';
  readonly at: number;
  readonly vpn: VpnName;
  readonly status: 'running' | 'stopped';
}

/** A process of Portward ended that nobody had told to. */
export interface UnexpectedExit {
  readonly kind: 'unexpected exit';
  readonly at: number;
  readonly part: string;
  readonly how: string;
}

/** What Portward is to do about a VPN by itself was not done. */
export interface RemedyMissing {
  readonly kind: 'remedy missing';
  readonly at: number;
  readonly what: string;
}

/** A stream of the proxy-like client that failed or was cut short. */
export interface StreamFailure {
  readonly kind: 'stream failure';
  /** When the proxy was asked for it. */
  readonly beganAt: number;
  readonly at: number;
  readonly engine: { readonly id: string; readonly vpn: VpnName } | null;
  readonly reason: string;
}

/** A proxy has reported a stream, and was told that it is known. */
export interface StreamReported {
  readonly kind: 'stream reported';
  /** When it was answered. */
  readonly at: number;
  readonly id: string;
  readonly engine: ListedEngine;
}

/** Its viewer is about to leave, or has nothing to see any more. */
export interface StreamOver {
  readonly kind: 'stream over';
  readonly at: number;
  readonly id: string;
}

export type Fact =
  | Answer
  | ContainerEvent
  | EvictionMark
  | Probe
  | ApiAnswer
  | CalmChange
  | VpnOrder
  | UnexpectedExit
  | RemedyMissing
  | StreamFailure
  | StreamReported
  | StreamOver;

export function listedEngine(engine: ProxyEngine, vpnOf: (container: string) => VpnName | undefined): ListedEngine {
  const vpn = vpnOf(engine.vpn_container ?? '');
  if (vpn === undefined) throw new Error(`expected an engine of our VPNs, found one of ${engine.vpn_container}`);
  return {
    id: engine.container_id,
    name: engine.container_name ?? engine.container_id.slice(0, 12),
    vpn,
    httpPort: engine.port,
    forwarded: engine.forwarded === true,
    p2pPort: engine.p2p_port ?? null,
    lastSeen: engine.last_seen === engine.first_seen ? null : Date.parse(engine.last_seen ?? ''),
  };
}
