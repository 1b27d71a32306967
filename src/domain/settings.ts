import type { Port } from './engine';

/** First and last port, both included. */
export interface PortRange {
  readonly first: Port;
  readonly last: Port;
}

export type PullPolicy = 'missing' | 'always' | 'never';

/**
 * What the VPN workflow must know of the configuration. It is kept in workflow state and shown in the Temporal
 * UI, so nothing secret belongs here: keys, engine environment and addresses stay with the worker.
 */
export interface VpnSettings {
  readonly instance: string;
  readonly vpn: string;
  /** Engines wanted on this VPN, the forwarded one among them; at least 1. */
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
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  /** Search attributes that the Temporal namespace has; setting another would stop the workflow. */
  readonly searchAttributes: readonly string[];
}
