import type { Port } from './engine';

/** First and last port, both included. */
export interface PortRange {
  readonly first: Port;
  readonly last: Port;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface BreakerSettings {
  /** Failures in a row that open it. */
  readonly threshold: number;
  /** From its last failure to the next trial. */
  readonly recoveryMs: number;
}

/**
 * What the VPN workflow must know of the configuration. It is kept in workflow state and shown in the Temporal
 * UI, so nothing secret belongs here: keys, engine environment and addresses stay with the worker.
 */
export interface VpnSettings {
  readonly instance: string;
  readonly vpn: string;
  /** Engines wanted on this VPN, the forwarded one among them, until the fleet sets another target; at least 1. */
  readonly targetEngines: number;
  readonly httpPorts: PortRange;
  readonly httpsPorts: PortRange;
  /** Ports inside the VPN's network that belong to Gluetun. */
  readonly reservedPorts: readonly Port[];
  readonly checkIntervalMs: number;
  readonly portCacheTtlMs: number;
  readonly evictionGraceMs: number;
  readonly stopTimeoutS: number;
  readonly startupTimeoutMs: number;
  /** How long Docker may call the VPN's container unhealthy before it is restarted; 0: it never is. */
  readonly unhealthyRestartMs: number;
  /** How long the VPN may be without its port before it is restarted inside its container; 0: it never is. */
  readonly portLostMs: number;
  readonly replaceOnReconnect: boolean;
  /** To which length the pauses grow between replacements for ports that keep changing; 0: there are none. */
  readonly longestSpacingMs: number;
  readonly breakers: { readonly general: BreakerSettings; readonly replacement: BreakerSettings };
  /** How long an engine beyond the target is kept after its last stream. */
  readonly idleGraceMs: number;
  /** How long a replaced engine may go on with its streams; 0: not at all. */
  readonly drainMs: number;
  /** What happens is sent to NOTIFY_URL, which only the worker knows. */
  readonly notify: boolean;
  readonly image: string;
  /** An engine starts when the one whose place it takes is gone, for example because both would write to one volume. */
  readonly oneAtATime: boolean;
  readonly pullPolicy: PullPolicy;
  /** Search attributes that the Temporal namespace has; setting another would stop the workflow. */
  readonly searchAttributes: readonly string[];
}
