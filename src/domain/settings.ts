import type { Port } from './engine';

/** First and last port, both included. */
export interface PortRange {
  readonly first: Port;
  readonly last: Port;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface BreakerSettings {
  /** So many failures in a row open it. */
  readonly threshold: number;
  /** From the last failure to the next trial. */
  readonly recoveryMs: number;
}

/**
 * What the VPN workflow needs of the configuration. It is kept in workflow state, which the Temporal UI shows, so nothing secret
 * belongs here: keys, the environment of engines and addresses stay in the worker.
 */
export interface VpnSettings {
  readonly instance: string;
  readonly vpn: string;
  /** Engines that this VPN keeps, the forwarded one included, until the fleet sets another target; at least 1. */
  readonly targetEngines: number;
  readonly httpPorts: PortRange;
  readonly httpsPorts: PortRange;
  /** Ports in the VPN's network that belong to Gluetun: no engine gets one of them. */
  readonly reservedPorts: readonly Port[];
  readonly checkIntervalMs: number;
  readonly portCacheTtlMs: number;
  readonly evictionGraceMs: number;
  readonly stopTimeoutS: number;
  readonly startupTimeoutMs: number;
  /** How long Docker may call the VPN's container unhealthy before Portward restarts it; 0: it never does. */
  readonly unhealthyRestartMs: number;
  /** How long the VPN may be without its port before Portward restarts it inside its container; 0: it never does. */
  readonly portLostMs: number;
  readonly replaceOnReconnect: boolean;
  /** The longest backoff between replacements while a port keeps changing, in ms; 0: no backoff. */
  readonly longestBackoffMs: number;
  readonly breakers: { readonly general: BreakerSettings; readonly replacement: BreakerSettings };
  /** How long an engine beyond the target is kept after its last stream. */
  readonly idleGraceMs: number;
  /** How long a replaced engine may finish its streams; 0: not at all. */
  readonly drainMs: number;
  /** Events are sent to NOTIFY_URL, an address that only the worker knows. */
  readonly notify: boolean;
  readonly image: string;
  /** A new engine starts only when the engine that it replaces is gone, for example because both would write to one volume. */
  readonly oneAtATime: boolean;
  readonly pullPolicy: PullPolicy;
  /** Search attributes that the Temporal namespace has; setting another would stop the workflow. */
  readonly searchAttributes: readonly string[];
}
