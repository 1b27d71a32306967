import { label } from '../names';
import type { EngineExit } from '../engine-exit';
import type { ContainerId, Health, Instant, Port, Role } from '../engine';

/** `none`: the image has no health check; a running container then counts as healthy. */
export type DockerHealth = 'healthy' | 'unhealthy' | 'starting' | 'none';

/** Why a container does not run, as far as Docker tells. */
export interface Downtime {
  /** `restarting`: Docker starts it again and again, and each time its process ends. */
  readonly state: 'restarting' | 'created' | 'exited' | 'paused' | 'removing' | 'dead';
  /** Of its last run; null where Docker does not tell. */
  readonly exitCode: number | null;
  readonly outOfMemory: boolean;
  /** Why Docker could not start it, in its own words. */
  readonly error: string | null;
}

export type VpnObservation =
  | {
      readonly kind: 'absent';
      /** Containers of a Compose service of that name, whose own names are others; absent where there are none. */
      readonly ofService?: readonly string[];
    }
  | {
      readonly kind: 'present';
      readonly id: ContainerId;
      /** With the id this is the session: a new one means that every engine's network is gone. */
      readonly startedAt: Instant;
      readonly running: boolean;
      /** Absent while it runs. */
      readonly down?: Downtime;
      readonly health: DockerHealth;
      /** How often Docker checks it, in ms; absent where its image has no health check. */
      readonly checkedEveryMs?: number;
      /** Its own settings ask for a forwarded port (VPN_PORT_FORWARDING=on). */
      readonly portForwarding: boolean;
      /** Where its own settings say that the control server listens; absent where they don't. */
      readonly controlPort?: Port;
      /** Where its own settings have forwarded ports redirected to; absent where they stay as they are. */
      readonly redirectedTo?: readonly Port[];
    };

/**
 * What the control server says about the forwarded port. Only `known` is a port (I7); `unknown` carries for
 * how long reads have failed, and whether the control server said clearly that there is `none`. `unasked`: the VPN was not healthy;
 * `pending`: no read has ended yet. Neither of the two counts as a change.
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

/** A good answer of the control server. */
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
  /** The container whose network it lives in. */
  readonly networkOf: ContainerId;
  /** What its own API says; `unknown` until it has answered or failed often enough. */
  readonly health: Health;
  /** How its last run ended; absent while it runs, and where nobody needs to know. */
  readonly exit?: EngineExit;
}

/** An engine's container with all that it is, for who does not know it yet. */
export interface ObservedEngine extends EngineCondition {
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port | null;
  readonly p2pPort: Port | null;
  /** Those that its other fields don't tell; see `keptLabels`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  /** Portward had begun to release it; Docker keeps that as the restart policy `no`. */
  readonly evicted: boolean;
}

/** One snapshot of a VPN and its engines. Every observation is an event of a history, so it holds only what may change a decision. */
export interface Snapshot {
  readonly kind: 'sight';
  /** When this snapshot began: what happened later is not in it. */
  readonly at: Instant;
  readonly vpn: VpnObservation;
  /** Engines that say they are connected though Docker calls their VPN unhealthy; null: they were not asked. */
  readonly liveEngines: number | null;
  readonly port: PortReading;
  /** Absent while it is not known. */
  readonly publicIp?: PublicIp;
  /** Every engine there is. */
  readonly engines: readonly EngineCondition[];
  /** Those of them that the asker did not know, whole. */
  readonly found: readonly ObservedEngine[];
  /** False: there are more that the asker does not know, for the next snapshot; an observation must stay small. */
  readonly complete: boolean;
  /**
   * Engines that nobody should be sent to right now, though Docker says that they run: they don't answer, or the process of
   * their VPN is gone. Absent while there are none.
   */
  readonly withheld?: readonly ContainerId[];
  /** Whether a new engine's image is on the Docker host. */
  readonly imagePresent: boolean;
}

/** Docker could not be asked: nothing is known, so nothing may be concluded. */
export interface UnreachableDocker {
  readonly kind: 'blind';
  readonly at: Instant;
  readonly problem: string;
  /** In one word, which stays the same from call to call; absent where nothing could be observed at all. */
  readonly cause?: string;
}

export type Observation = Snapshot | UnreachableDocker;

export function isHealthy(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && (vpn.health === 'healthy' || vpn.health === 'none');
}

/** Docker's start-up grace, which its own health check ends. */
export function isStarting(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && vpn.health === 'starting';
}

export function isCalledUnhealthy(vpn: VpnObservation): boolean {
  return vpn.kind === 'present' && vpn.running && vpn.health === 'unhealthy';
}

/** Identifies one run of the VPN container; a restart or a new container makes another. */
export function session(vpn: VpnObservation): string | null {
  return vpn.kind === 'present' ? `${vpn.id}@${vpn.startedAt}` : null;
}

/** What ran in the network of the VPN's container before that was started has lost it. */
export function startedBefore(startedAt: Instant | null, vpn: VpnObservation): boolean {
  return startedAt !== null && vpn.kind === 'present' && startedAt < vpn.startedAt;
}

/** What replacements are at work on: how that goes is theirs to report. */
export interface Busy {
  /** Engines being released: only that they are gone counts as a change. */
  readonly evicted: readonly ContainerId[];
  /** Values of the label `portward.replacement`: what carries one is being made. */
  readonly replacements: readonly string[];
}

/** Whole engines in one observation, which is an event of a history and must stay small. */
const FOUND_AT_MOST = 40;

/** Of the engines that were seen, those that the asker has to be told of whole. */
export function introduced(
  seen: readonly ObservedEngine[],
  accounted: readonly ContainerId[],
  busy: Busy,
): Pick<Snapshot, 'found' | 'complete'> {
  const strangers = seen.filter((e) => !accounted.includes(e.id));
  // What replacements are making can wait; of the others the asker must know every one.
  const isMade = (e: ObservedEngine) => busy.replacements.includes(e.labels[label.replacement] ?? '');
  const urgent = strangers.filter((e) => !isMade(e));
  return {
    found: [...urgent, ...strangers.filter(isMade)].slice(0, FOUND_AT_MOST),
    complete: urgent.length <= FOUND_AT_MOST,
  };
}

/** How it is now, without what it is. */
export function condition({ id, running, startedAt, networkOf, health, exit }: EngineCondition): EngineCondition {
  return { id, running, startedAt, networkOf, health, ...(exit ? { exit } : {}) };
}

/** What the VPN's workflow was given before: the last observation, as far as the next one is compared with it. */
export type LastReported =
  Pick<Snapshot, 'kind' | 'vpn' | 'port' | 'publicIp' | 'engines' | 'withheld' | 'imagePresent'> | UnreachableDocker;

/** A snapshot without the engines that replacements are making. */
export function asReported(snapshot: Snapshot, busy: Busy): LastReported {
  const { kind, vpn, port, publicIp, engines, withheld, found, imagePresent } = snapshot;
  const inWork = new Set(
    found.filter((e) => busy.replacements.includes(e.labels[label.replacement] ?? '')).map((e) => e.id),
  );
  const others = engines.filter((e) => !inWork.has(e.id));
  return {
    kind,
    vpn,
    port,
    engines: others,
    imagePresent,
    ...(publicIp === undefined ? {} : { publicIp }),
    ...(withheld === undefined ? {} : { withheld }),
  };
}

/** What a reading of the port says, without the words for why there is none; see `isReworded`. */
function portSays(port: PortReading): string {
  if (port.kind === 'known') return `port ${port.port}`;
  if (port.kind !== 'unknown') return port.kind;
  if (port.stopped === true) return 'stopped';
  return port.none ? 'none' : 'unclear';
}

/** Of a container that Docker restarts all the time it is enough to tell once how it ended: that may differ each time. */
function vpnSays(vpn: VpnObservation): unknown {
  if (vpn.kind === 'absent') return vpn;
  const { down, ...rest } = vpn;
  return [rest, down?.state === 'restarting' ? [down.state, down.exitCode !== null] : down];
}

/** Everything that can change a decision, in one comparable string. The times of snapshots are not in it. */
function essence(observed: LastReported, busy: Busy): string {
  // Docker's absence is worded differently from one call to the next; it stays the same for all that is decided.
  if (observed.kind === 'blind') return 'blind';
  const { vpn, port, engines, withheld = [], imagePresent } = observed;
  return JSON.stringify([
    vpnSays(vpn),
    portSays(port),
    engines
      .map((e) => (busy.evicted.includes(e.id) ? [e.id] : [e.id, e.running, e.startedAt, e.networkOf, e.health]))
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
    withheld.filter((id) => !busy.evicted.includes(id)).toSorted(),
    imagePresent,
  ]);
}

/** False while the address is unknown. */
function hasAnotherAddress(last: LastReported, seen: LastReported): boolean {
  if (last.kind === 'blind' || seen.kind === 'blind' || seen.publicIp === undefined) return false;
  return seen.publicIp.address !== last.publicIp?.address;
}

/** Whether what is seen differs from what was last reported in anything that can change a decision. */
export function hasChanged(last: LastReported | null, seen: Observation, busy: Busy): boolean {
  if (last === null) return true;
  const now = seen.kind === 'sight' ? asReported(seen, busy) : seen;
  if (hasAnotherAddress(last, now)) return true;
  if (last.kind === 'sight' && now.kind === 'sight' && (now.port.kind === 'pending' || now.port.kind === 'unasked')) {
    return essence({ ...last, port: now.port }, busy) !== essence(now, busy);
  }
  return essence(last, busy) !== essence(now, busy);
}

/**
 * Whether the port can't be read, or Docker can't be asked, for another reason than was last reported: of interest to people, and to
 * nothing that is decided.
 */
export function isReworded(last: LastReported | null, seen: Observation): boolean {
  // That a connection broke says less than the reason before.
  if (last?.kind === 'blind' && seen.kind === 'blind') return seen.cause !== last.cause && seen.cause !== 'broken';
  if (last?.kind !== 'sight' || seen.kind !== 'sight') return false;
  return last.port.kind === 'unknown' && seen.port.kind === 'unknown' && last.port.reason !== seen.port.reason;
}
