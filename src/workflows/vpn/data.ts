import type { ContainerId, Engine, EngineRef, Instant, Port } from '../../domain/engine';
import type { NumberedEvent } from '../../domain/event-log';
import type { UnreachableDocker, PortRead, Snapshot } from '../../domain/vpn/observation';
import type { Replacement } from '../../domain/replacement';
import type { VpnSettings } from '../../domain/settings';
import type { Stream } from '../../domain/streams/stream';
import { emptyTimeline, type Timeline } from '../../domain/vpn/timeline';
import type { ContainerReport } from './observe/container-reports';
import { closedBreakers, type Breakers } from './decide/breaker';
import { noExitAddress, type ExitAddress } from './observe/exit-address';
import { isStorm, noBackoff, type Backoff } from './decide/backoff';
import { noRemedies, type Remedies } from './decide/remedies';
import type { Rival } from './observe/rival';

/** What is known of the forwarded port. */
export interface PortKnowledge {
  /** The last port that was observed in this session. */
  readonly last: Port | null;
  /** The read that found `last`, where the observation had it. A new worker follows the same port from there on. */
  readonly read: PortRead | null;
  /** When the first failed read after `last` was; null while reads succeed, and before the first read. */
  readonly unknownSince: Instant | null;
  readonly reason: string | null;
  /** When the control server first said that there is no port; null after a known port, an unhealthy VPN or a new session. */
  readonly noneSince: Instant | null;
  /** There is no port because the VPN inside its container is stopped. */
  readonly stopped: boolean;
  /** Since when reads succeed; null while they fail. */
  readonly knownSince: Instant | null;
}

export const noPort: PortKnowledge = {
  last: null,
  read: null,
  unknownSince: null,
  reason: null,
  noneSince: null,
  stopped: false,
  knownSince: null,
};

/** A container that could not be removed, and why not. */
export interface LeftOver {
  readonly id: ContainerId;
  readonly name: string;
  readonly reason: string;
}

/** The state of a VPN's workflow, as plain JSON: it is carried over when the workflow continues as new. */
export interface VpnData {
  readonly settings: VpnSettings;
  /** Name of this incarnation, see `newIncarnation`. Labels and names of containers show by it whether this workflow made them. */
  readonly incarnation: string;
  /** Former incarnations of this workflow whose replacements were still running. */
  readonly formerIncarnations: readonly string[];
  /** Another Portward that works on the same VPN; null: there is none. */
  readonly rival: Rival | null;
  /** Raised whenever an action begins or ends. */
  readonly revision: number;
  /** An observation that was asked for under an older revision is thrown away: it may lack what has happened since. */
  readonly snapshotsFrom: number;
  /** What replacements have reported of containers, and observations may not show yet. */
  readonly reports: readonly ContainerReport[];
  readonly listVersion: number;
  /** Set while Docker can't be asked. */
  readonly unreachable: UnreachableDocker | null;
  /** The worker start that last sent `configure`; null where it gave no name. */
  readonly workerStart: string | null;
  /** There is a snapshot from that worker. False: the state may be out of date. */
  readonly current: boolean;
  /** The last snapshot, and the revision under which it was asked for. */
  readonly snapshot: Snapshot | null;
  readonly snapshotRevision: number;
  readonly port: PortKnowledge;
  /** The port that is lost, and since when; null while there is a port, and before the first one. A restart of the container does not end the loss. */
  readonly portLost: { readonly port: Port; readonly since: Instant } | null;
  readonly engines: readonly Engine[];
  /** Engines that are never listed again. They are kept until Docker does not show them any more, so that no snapshot brings them back (I1). */
  readonly evicted: readonly EngineRef[];
  /** Evicted engines that their replacements have leave to stop: streams on them are refused. */
  readonly sealed: readonly ContainerId[];
  /** Evicted engines that Docker does not remove. */
  readonly leftOvers: readonly LeftOver[];
  readonly replacements: readonly Replacement[];
  readonly nextNumber: number;
  /** Ports in the VPN's network on which something else listens. No engine gets such a port before `until`. */
  readonly takenPorts: readonly { readonly port: Port; readonly until: Instant }[];
  /** Says which range of ports has none left for a wanted engine; null: none, or not since the last snapshot. */
  readonly rangeUsedUp: string | null;
  /** Why the last pull of the image failed; null: it did not. */
  readonly pullError: string | null;
  /** Since when the VPN is healthy; null while it is not. */
  readonly healthySince: Instant | null;
  /** Since when Docker calls the running VPN container unhealthy; null while it does not. */
  readonly outageSince: Instant | null;
  /** Since when snapshots show it as not healthy, for whatever reason; null while it is, and before the first snapshot. */
  readonly downSince: Instant | null;
  /** For how long the VPN was down the last few times, in ms, oldest first. */
  readonly outages: readonly number[];
  readonly exit: ExitAddress;
  /** When the VPN last came back in the same session: connections of engines from before may be dead. */
  readonly reconnectedAt: Instant | null;
  readonly portChanges: Backoff;
  readonly reconnects: Backoff;
  readonly breakers: Breakers;
  readonly remedies: Remedies;
  readonly streams: readonly Stream[];
  /** Raised with each change of `streams`. */
  readonly streamVersion: number;
  /** How many engines the fleet wants here; null as long as it has not said. */
  readonly fleetTarget: number | null;
  /** How many of the missing engines are missing because the target was raised. */
  readonly toAdd: number;
  /** Since when there are more engines than wanted; null while there are not. */
  readonly surplusSince: Instant | null;
  /** Somebody has asked to remove idle surplus engines without waiting for the grace period. */
  readonly collecting: boolean;
  /** The latest events, oldest first. */
  readonly events: readonly NumberedEvent[];
  /** Number of the last event that was sent to NOTIFY_URL. */
  readonly notified: number;
  readonly timeline: Timeline;
  /** The VPN is not configured any more: the workflow ends. */
  readonly retired: boolean;
}

export function newVpnData(settings: VpnSettings, incarnation: string): VpnData {
  return {
    settings,
    incarnation,
    formerIncarnations: [],
    rival: null,
    revision: 0,
    snapshotsFrom: 0,
    reports: [],
    listVersion: 0,
    unreachable: null,
    workerStart: null,
    current: false,
    snapshot: null,
    snapshotRevision: -1,
    port: noPort,
    portLost: null,
    engines: [],
    evicted: [],
    sealed: [],
    leftOvers: [],
    replacements: [],
    nextNumber: 1,
    takenPorts: [],
    rangeUsedUp: null,
    pullError: null,
    healthySince: null,
    outageSince: null,
    downSince: null,
    outages: [],
    exit: noExitAddress,
    reconnectedAt: null,
    portChanges: noBackoff,
    reconnects: noBackoff,
    breakers: closedBreakers,
    remedies: noRemedies,
    streams: [],
    streamVersion: 0,
    fleetTarget: null,
    toAdd: 0,
    surplusSince: null,
    collecting: false,
    events: [],
    notified: 0,
    timeline: emptyTimeline,
    retired: false,
  };
}

/** When the last port stops being valid; null while it is confirmed, or when there is none. */
export function portExpiry(data: VpnData): Instant | null {
  return data.port.unknownSince === null ? null : data.port.unknownSince + data.settings.portCacheTtlMs;
}

/** The port that counts as forwarded now (I7): the last one observed, until reads have failed for too long. */
export function validPort(data: VpnData, now: Instant): Port | null {
  const expiry = portExpiry(data);
  return expiry !== null && now >= expiry ? null : data.port.last;
}

/** Whether the VPN's port or health changes so often that replacements back off. */
export function isUnstable({ portChanges, reconnects, settings }: VpnData, now: Instant): boolean {
  return [portChanges, reconnects].some((backoff) => isStorm(backoff, settings.longestBackoffMs, now));
}

/** Whether the last snapshot is recent enough to decide by it. */
export function hasUsableSnapshot({ snapshotRevision, snapshotsFrom }: VpnData): boolean {
  return snapshotRevision >= snapshotsFrom;
}

export function runningReplacements(data: VpnData): Replacement[] {
  return data.replacements.filter((r) => r.state === 'running');
}

/** Replacements whose new engine does not answer yet. */
export function unfinishedTargets(data: VpnData): Replacement[] {
  return runningReplacements(data).filter((r) => r.target !== null && r.readyAt === null);
}

/** Containers of engines that do not answer yet, or whose answer has not been reported. */
export function bootingEngines(data: VpnData): { id: ContainerId; name: string; httpPort: Port }[] {
  return unfinishedTargets(data).flatMap(({ made, target }) =>
    made && target ? [{ ...made, httpPort: target.httpPort }] : [],
  );
}

export function findEngine(data: VpnData, idOrName: ContainerId): Engine | undefined {
  const exact = data.engines.find((e) => e.id === idOrName || e.name === idOrName);
  if (exact) return exact;
  const byPrefix = idOrName.length >= 6 ? data.engines.filter((e) => e.id.startsWith(idOrName)) : [];
  return byPrefix.length === 1 ? byPrefix[0] : undefined;
}
