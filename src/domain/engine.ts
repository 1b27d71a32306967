/** A TCP/UDP port, 1 to 65535. */
export type Port = number;

/** Docker's full container id. */
export type ContainerId = string;

/** Milliseconds since the Unix epoch. */
export type Instant = number;

/** The forwarded engine listens on the VPN's forwarded port; plain engines have none. */
export type Role = 'forwarded' | 'plain';

export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** What is needed to release an engine, and to keep its ports from being given out until it is gone. */
export interface EngineRef {
  readonly id: ContainerId;
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
}

/** An engine that the VPN workflow answers for. */
export interface Engine extends EngineRef {
  /** Those that its other fields don't tell; see `keptLabels`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly firstSeen: Instant;
  /** Its API has answered at least once; before that it is not listed (I6). */
  readonly ready: boolean;
  readonly health: Health;
  /** When the run of its container began that was seen last; null before the first snapshot. */
  readonly run: Instant | null;
  /** When a stream on it began or ended last. */
  readonly lastUsedAt: Instant | null;
  /** Its network is a former one of its VPN, until its container is started again. */
  readonly cutOff: boolean;
}

/** An engine as `/engines` shows it: `forwarded` is true only on the VPN's last observed port (I1). */
export interface ListedEngine extends Engine {
  readonly forwarded: boolean;
  /** Ids of those that run on it. */
  readonly streams: readonly string[];
}

export function engineRef(engine: EngineRef): EngineRef {
  const { id, name, role, httpPort, httpsPort, p2pPort } = engine;
  return { id, name, role, httpPort, httpsPort, p2pPort };
}
