/** A TCP/UDP port, 1 to 65535. */
export type Port = number;

/** Docker's full container id. */
export type ContainerId = string;

/** Whether a text is such an id, and not a container's name. */
export function isContainerId(idOrName: string): idOrName is ContainerId {
  return /^[0-9a-f]{64}$/.test(idOrName);
}

/** Milliseconds since the Unix epoch. */
export type Instant = number;

/** The forwarded engine listens on the VPN's forwarded port; plain engines have none. */
export type Role = 'forwarded' | 'plain';

export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** As much of an engine as is needed to release it, and to reserve its ports until it is gone. */
export interface EngineRef {
  readonly id: ContainerId;
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
}

/** An engine that the VPN workflow manages. */
export interface Engine extends EngineRef {
  /** Labels of the container that do not follow from the other fields; see `keptLabels`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly firstSeen: Instant;
  /** Its API has answered at least once; before that it is not listed (I6). */
  readonly ready: boolean;
  readonly health: Health;
  /** When the last observed run of its container began; null before the first snapshot. */
  readonly run: Instant | null;
  /** When a stream last began or ended on it; null: never. */
  readonly lastUsedAt: Instant | null;
  /** The VPN's container was started after it, or is gone: the engine has no network until it is started again, too. */
  readonly cutOff: boolean;
}

/** An engine as `/engines` shows it: `forwarded` is true only on the VPN's last observed port (I1). */
export interface ListedEngine extends Engine {
  readonly forwarded: boolean;
  /** Ids of the streams that run on it. */
  readonly streams: readonly string[];
}

export function engineRef(engine: EngineRef): EngineRef {
  const { id, name, role, httpPort, httpsPort, p2pPort } = engine;
  return { id, name, role, httpPort, httpsPort, p2pPort };
}
