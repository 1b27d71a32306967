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

/** The forwarded port as far as it is known. */
export interface PortKnowledge {
  /** The last port that was observed in this session of the VPN container. */
  readonly last: Port | null;
  /** The read that brought it, as far as this workflow was told: a worker that begins goes on from there. */
  readonly read: PortRead | null;
  /** The first failed read since `last` was seen; null while reads succeed or nothing was read yet. */
  readonly unknownSince: Instant | null;
  readonly reason: string | null;
  /** When the control server first said that there is none; null as long as it did not. */
  readonly noneSince: Instant | null;
  /** The control server says that there is none because the VPN inside its container is stopped. */
  readonly stopped: boolean;
  /** Since when it has been known without a failed read; null while reads fail. */
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

/** Everything the VPN workflow remembers, as plain JSON: it is carried over when the workflow continues as new. */
export interface VpnData {
  readonly settings: VpnSettings;
  /** Made once, see `newIncarnation`: tells what this workflow created from what it found. */
  readonly lineage: string;
  /** Former incarnations of this workflow, of which replacements were still at work. */
  readonly formerLives: readonly string[];
  /** Another Portward that works on the same VPN. */
  readonly rival: Rival | null;
  /** Raised whenever an action starts or ends. */
  readonly revision: number;
  /** An observation that was asked for under an older revision is thrown away: it may lack what has happened since. */
  readonly snapshotsFrom: number;
  /** What replacements have said since, that an observation may not know. */
  readonly reports: readonly ContainerReport[];
  readonly listVersion: number;
  /** Set while Docker can't be asked. */
  readonly unreachable: UnreachableDocker | null;
  /** Which start of a worker has said `configure` last; null where it gave no name. */
  readonly workerStart: string | null;
  /** That worker has looked at the VPN: what is known is not from before. */
  readonly current: boolean;
  /** The last snapshot, and the revision under which it was asked for. */
  readonly snapshot: Snapshot | null;
  readonly snapshotRevision: number;
  readonly port: PortKnowledge;
  /** The port that is lost, and since when; null while there is one, and until there was one. A restart of the container does not end it. */
  readonly portLost: { readonly port: Port; readonly since: Instant } | null;
  readonly engines: readonly Engine[];
  /** Hidden for good, and kept until seen gone from Docker, so that a snapshot can't bring them back (I1). */
  readonly evicted: readonly EngineRef[];
  /** Those of them that their replacements have leave to stop: no stream begins on them any more. */
  readonly sealed: readonly ContainerId[];
  /** Those of them that Docker does not remove. */
  readonly leftOvers: readonly LeftOver[];
  readonly replacements: readonly Replacement[];
  readonly nextNumber: number;
  /** Ports in the VPN's network that something else has. They are not given out for a while. */
  readonly takenPorts: readonly { readonly port: Port; readonly until: Instant }[];
  /** Which range of ports has none left for an engine that is wanted, until the next snapshot. */
  readonly rangeUsedUp: string | null;
  /** Why the image could not be pulled the last time it was tried. */
  readonly pullError: string | null;
  /** Since when the VPN is healthy; null while it is not. */
  readonly healthySince: Instant | null;
  /** Since when Docker calls the running VPN container unhealthy; null while it does not. */
  readonly outageSince: Instant | null;
  /** Since when snapshots show it as not healthy, for whatever reason; null while it is, and before the first snapshot. */
  readonly downSince: Instant | null;
  /** How long the last times of that were, in ms, oldest first. */
  readonly outages: readonly number[];
  readonly exit: ExitAddress;
  /** When the VPN last came back in the same run of its container: engines from before may be cut off. */
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
  /** How many of those that are missing were never there, because the target was raised. */
  readonly toAdd: number;
  /** Since when there are more engines than wanted; null while there are not. */
  readonly surplusSince: Instant | null;
  /** Someone has asked that they go now. */
  readonly collecting: boolean;
  readonly news: readonly NumberedEvent[];
  /** The newest of them that was sent to NOTIFY_URL. */
  readonly notified: number;
  readonly timeline: Timeline;
  readonly retired: boolean;
}

export function newVpnData(settings: VpnSettings, lineage: string): VpnData {
  return {
    settings,
    lineage,
    formerLives: [],
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
    news: [],
    notified: 0,
    timeline: emptyTimeline,
    retired: false,
  };
}

/** When the last port stops being valid; null while it is confirmed, or when there is none. */
export function portExpiry(data: VpnData): Instant | null {
  return data.port.unknownSince === null ? null : data.port.unknownSince + data.settings.portCacheTtlMs;
}

/** The port that counts as forwarded now (I7): the last one observed, until reading it has failed for too long. */
export function validPort(data: VpnData, now: Instant): Port | null {
  const expiry = portExpiry(data);
  return expiry !== null && now >= expiry ? null : data.port.last;
}

/** Whether its port or its health changes so often that it is acted on at a growing distance only. */
export function isUnstable({ portChanges, reconnects, settings }: VpnData, now: Instant): boolean {
  return [portChanges, reconnects].some((backoff) => isStorm(backoff, settings.longestSpacingMs, now));
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

/** Containers of engines that do not answer yet, or whose answer has not been heard of. */
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
