import type { ContainerId, Engine, EngineRef, Instant, Port } from '../domain/engine';
import type { Observation, Sight } from '../domain/observation';
import type { Replacement } from '../domain/replacement';
import type { VpnSettings } from '../domain/settings';

/** The forwarded port as far as it is known. */
export interface PortKnowledge {
  /** The last port that was observed in this session of the VPN container. */
  readonly last: Port | null;
  /** The first failed read since `last` was seen; null while reads succeed or nothing was read yet. */
  readonly unknownSince: Instant | null;
  readonly reason: string | null;
}

/** Everything the VPN workflow remembers, as plain JSON: it is carried over when the workflow continues as new. */
export interface VpnData {
  readonly settings: VpnSettings;
  /** Random, made once: tells what this workflow created from what it found. */
  readonly lineage: string;
  /** Raised whenever an action starts or ends; an observation asked for under an older one is thrown away. */
  readonly revision: number;
  readonly listVersion: number;
  /** The last observation that counted; what the next one is compared with. */
  readonly known: Observation | null;
  /** The last look at Docker that came to something, and the revision under which it was asked for. */
  readonly sight: Sight | null;
  readonly sightRevision: number;
  readonly port: PortKnowledge;
  readonly engines: readonly Engine[];
  /** Hidden for good, and kept until seen gone from Docker, so that a look can't bring them back (I1). */
  readonly evicted: readonly EngineRef[];
  readonly replacements: readonly Replacement[];
  readonly nextNumber: number;
  readonly problem: string | null;
  /** Why the image could not be pulled the last time it was tried. */
  readonly pullError: string | null;
  readonly retired: boolean;
}

export function newVpnData(settings: VpnSettings, lineage: string): VpnData {
  return {
    settings,
    lineage,
    revision: 0,
    listVersion: 0,
    known: null,
    sight: null,
    sightRevision: -1,
    port: { last: null, unknownSince: null, reason: null },
    engines: [],
    evicted: [],
    replacements: [],
    nextNumber: 1,
    problem: null,
    pullError: null,
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

export function runningReplacements(data: VpnData): Replacement[] {
  return data.replacements.filter((r) => r.state === 'running');
}

/** Replacements whose new engine does not answer yet. */
export function unfinishedTargets(data: VpnData): Replacement[] {
  return runningReplacements(data).filter((r) => r.target !== null && r.readyAt === null);
}

export function findEngine(data: VpnData, idOrName: ContainerId): Engine | undefined {
  const exact = data.engines.find((e) => e.id === idOrName || e.name === idOrName);
  if (exact) return exact;
  const byPrefix = idOrName.length >= 6 ? data.engines.filter((e) => e.id.startsWith(idOrName)) : [];
  return byPrefix.length === 1 ? byPrefix[0] : undefined;
}
