import type { EngineExit } from '../engine-exit';
import type { ContainerId, Health, Instant, Port, Role } from '../engine';

/** `none`: the image has no health check, so a running container counts as healthy. */
export type DockerHealth = 'healthy' | 'unhealthy' | 'starting' | 'none';

/** Why a container does not run, as far as Docker tells. */
export interface Downtime {
  /** `restarting`: Docker starts it again and again, and each time its process ends. */
  readonly state: 'restarting' | 'created' | 'exited' | 'paused' | 'removing' | 'dead';
  /** Exit code of its last run; null where Docker does not tell. */
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  /** Why Docker could not start it, in its own words. */
  readonly error: string | null;
}

export type VpnObservation =
  | {
      readonly kind: 'absent';
      /** Containers of a Compose service of that name, which have other names themselves; absent: there are none. */
      readonly ofService?: readonly string[];
    }
  | {
      readonly kind: 'present';
      readonly id: ContainerId;
      /** Id and `startedAt` identify the session. In a new session every engine started before has lost its network. */
      readonly startedAt: Instant;
      readonly running: boolean;
      /** Absent while it runs. */
      readonly down?: Downtime;
      readonly health: DockerHealth;
      /** How often Docker checks it, in ms; absent where its image has no health check. */
      readonly checkedEveryMs?: number;
      /** Its environment asks for a forwarded port (VPN_PORT_FORWARDING=on). */
      readonly portForwarding: boolean;
      /** Port of the control server in its environment; absent: it is not set there. */
      readonly controlPort?: Port;
      /** Ports to which its environment redirects forwarded ports; absent: they are not redirected. */
      readonly redirectedTo?: readonly Port[];
    };

/**
 * What the control server says about the forwarded port. Only `known` is a port (I7). `unknown`: reads have failed for `forMs`;
 * `none`: the control server said that there is no port. `unasked`: the VPN was not healthy. `pending`: no read has ended yet.
 * The last two do not count as a change.
 */
export type PortReading =
  | {
      readonly kind: 'known';
      readonly port: Port;
      /** When it was read; never counts as a change. */
      readonly at?: Instant;
      /** Which of the forwarded ports was asked for, 0 being the first; never counts as a change. */
      readonly index?: number;
    }
  | {
      readonly kind: 'unknown';
      readonly forMs: number;
      readonly reason: string;
      readonly none: boolean;
      /** There is none because the VPN inside its container is stopped. */
      readonly stopped?: boolean;
    }
  | { readonly kind: 'unasked' }
  | { readonly kind: 'pending' };

/** A port that was read from the control server. */
export type PortRead = Required<Omit<Extract<PortReading, { kind: 'known' }>, 'kind'>>;

/** The address under which a VPN is seen from outside. */
export interface PublicIp {
  readonly address: string;
  /** When it was asked for; never counts as a change. */
  readonly at: Instant;
}

/** How an engine's container is now. */
export interface EngineCondition {
  readonly id: ContainerId;
  readonly running: boolean;
  /** When its current run began; null while it is not running. */
  readonly startedAt: Instant | null;
  /** The container whose network it uses. */
  readonly networkOf: ContainerId;
  /** What its own API says; `unknown` until it has answered or failed often enough. */
  readonly health: Health;
  /** How its last run ended; absent while it runs, and where nobody needs to know. */
  readonly exit?: EngineExit;
}

/** An engine's container in full, for a workflow that does not know it yet. */
export interface ObservedEngine extends EngineCondition {
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
  /** Labels that do not follow from the other fields; see `keptLabels`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  /** Portward has begun to release it. Docker remembers that: the container has the restart policy `no`. */
  readonly evicted: boolean;
}

/** One snapshot of a VPN and its engines. Every observation is an event of a history, so it holds only what may change a decision. */
export interface Snapshot {
  readonly kind: 'snapshot';
  /** When the snapshot began: later changes may be missing in it. */
  readonly at: Instant;
  readonly vpn: VpnObservation;
  /** How many engines say that they are connected while Docker calls their VPN unhealthy; null: they were not asked. */
  readonly liveEngines: number | null;
  readonly port: PortReading;
  /** Absent while it is not known. */
  readonly publicIp?: PublicIp;
  /** Every engine there is. */
  readonly engines: readonly EngineCondition[];
  /** Engines of these that the caller does not know yet, in full. */
  readonly found: readonly ObservedEngine[];
  /** False: the next snapshot has further engines that the caller does not know. An observation must stay small. */
  readonly complete: boolean;
  /**
   * Engines that are not to be listed now, though Docker calls them running: they don't answer, or their VPN's process has ended.
   * Absent: there are none.
   */
  readonly withheld?: readonly ContainerId[];
  /** Whether a new engine's image is on the Docker host. */
  readonly imagePresent: boolean;
}

/** Docker could not be asked. Nothing is known, so nothing may be concluded. */
export interface UnreachableDocker {
  readonly kind: 'unreachable';
  readonly at: Instant;
  readonly problem: string;
  /** The kind of failure in one word, the same for each call that fails so; absent: the observation itself failed. */
  readonly cause?: string;
}

export type Observation = Snapshot | UnreachableDocker;

export function isHealthy(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && (vpn.health === 'healthy' || vpn.health === 'none');
}

/** Whether the container is in Docker's start period, before its first good health check. */
export function isStarting(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && vpn.health === 'starting';
}

export function isCalledUnhealthy(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && vpn.health === 'unhealthy';
}

/** Identifies one run of the VPN's container. A restart, or a new container, is a new session. */
export function session(vpn: VpnObservation): string | null {
  return vpn.kind === 'present' ? `${vpn.id}@${vpn.startedAt}` : null;
}

/** Whether something was started before the VPN's container, and so has lost its network. */
export function startedBefore(startedAt: Instant | null, vpn: VpnObservation): boolean {
  return startedAt !== null && vpn.kind === 'present' && startedAt < vpn.startedAt;
}

/** The condition alone of an engine in full. */
export function condition({ id, running, startedAt, networkOf, health, exit }: EngineCondition): EngineCondition {
  return { id, running, startedAt, networkOf, health, ...(exit ? { exit } : {}) };
}
