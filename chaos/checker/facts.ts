// The facts that the checker gets, in the order in which the harness saw them. Times are ms since the epoch.
import type { ProxyEngine } from '../../simulator/proxy-engine';
import type { VpnName } from '../faults';

/** The outcome of one `GET /engines`. */
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
  /** Null: no observation has seen the engine since it was made, so it says nothing about the time of the VPN's port. */
  readonly lastSeen: number | null;
}

/** An event of a container, from Docker. */
export interface ContainerEvent {
  readonly kind: 'container event';
  readonly at: number;
  readonly action: string;
  readonly id: string;
  readonly name: string;
  /** The container's kind, found by its id, name or labels. */
  readonly is: 'engine' | 'bystander' | 'vpn';
  /** Null: the container is not a VPN's. */
  readonly vpn: VpnName | null;
}

/** Portward has set the engine's restart policy to `no`: the harness asked Docker after an `update` event. */
export interface EvictionMark {
  readonly kind: 'eviction mark';
  readonly at: number;
  readonly id: string;
  readonly name: string;
}

/** The answer of an engine's API when the list had the engine for the first time. */
export interface Probe {
  readonly kind: 'probe';
  readonly at: number;
  readonly engine: ListedEngine;
  /** Null when it answered. */
  readonly error: string | null;
}

/** An answer of another route of the API. */
export interface ApiAnswer {
  readonly kind: 'api answer';
  readonly at: number;
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

/** The calm VPN has got another port. */
export interface CalmChange {
  readonly kind: 'calm change';
  /** When the VPN had the new port. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Portward told a VPN's control server to stop the VPN inside its container, or to run it. The harness does not use that route. */
export interface VpnOrder {
  readonly kind: 'vpn order';
  readonly at: number;
  readonly vpn: VpnName;
  readonly status: 'running' | 'stopped';
}

/** A process of Portward ended without the harness having ended it. */
export interface UnexpectedExit {
  readonly kind: 'unexpected exit';
  readonly at: number;
  readonly part: string;
  readonly how: string;
}

/** Portward has not restarted a VPN, or got back in time, though it should have by itself. */
export interface RemedyMissing {
  readonly kind: 'remedy missing';
  readonly at: number;
  readonly what: string;
}

/** A stream of the simulated proxy that failed or was cut short. */
export interface StreamFailure {
  readonly kind: 'stream failure';
  /** When the viewer asked the proxy for it. */
  readonly beganAt: number;
  readonly at: number;
  readonly engine: { readonly id: string; readonly vpn: VpnName } | null;
  readonly reason: string;
}

/** A proxy has reported a stream, and the API has accepted the report. */
export interface StreamReported {
  readonly kind: 'stream reported';
  /** When the API answered the report. */
  readonly at: number;
  readonly id: string;
  readonly engine: ListedEngine;
}

/** A reported stream ends: its viewer is about to leave, or its playback has broken off. */
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
