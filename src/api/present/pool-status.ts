import { REQUESTED, type BreakerKind } from '../../domain/vpn/breaker';
import type { Instant } from '../../domain/engine';
import { busyEngines } from '../../domain/streams/stream';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import { breakerJson, vpnJson, worst, worstBreaker } from './vpn';
import type { PoolLimits, VpnCandidate } from '../provisioning/decision';
import { decideForAnyEngine } from '../provisioning/under-way';
import type { VpnStatusRead } from '../reads/reads';
import type { BreakerJson, EngineJson } from '../schemas/engines';
import type { HealthStatusJson, OrchestratorStatusJson } from '../schemas/status';

// The answers that summarize all VPNs.

export interface PoolSettings {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly maxActiveReplicas: number;
  readonly idleGraceMs: number;
  readonly engineVariant: string;
  readonly healthCheckIntervalMs: number;
}

export function poolLimits({ maxReplicas, maxActiveReplicas, idleGraceMs }: PoolSettings): PoolLimits {
  return { enginesAtMost: Math.min(maxReplicas, maxActiveReplicas), idleGraceMs };
}

/** Proxies ask every 30 s. One late answer of a workflow must not keep them from requesting an engine until they ask again. */
const USABLE_FOR_S = 60;

/** A VPN as a candidate in `/orchestrator/status`. A status up to 60 s old is good enough, because a request for an engine is decided anew. */
export function candidateOf({ vpn, status }: VpnStatusRead): VpnCandidate {
  const isRecent = status.kind === 'fresh' || (status.kind === 'stale' && status.seconds <= USABLE_FOR_S);
  const lastView = status.kind === 'none' ? null : status.value;
  return { vpn, view: isRecent ? lastView : null, lastView, requestedPorts: [] };
}

/** The worst breaker of that kind of all VPNs; null while there is no status of any VPN. */
function worstOfAll(vpns: readonly VpnStatusRead[], kind: BreakerKind, now: Instant): BreakerJson | null {
  return worst(views(vpns).map((view) => worstBreaker(view, kind, now))) ?? null;
}

/** @param lists what `/engines` shows now */
export function orchestratorStatus(
  vpns: readonly VpnStatusRead[],
  lists: readonly EngineJson[],
  settings: PoolSettings,
  now: Instant,
): OrchestratorStatusJson {
  const known = views(vpns);
  const listed = ofHealthyVpns(vpns, lists);
  const decision = decideForAnyEngine(vpns.map(candidateOf), poolLimits(settings), now);
  const reason = decision.kind === 'blocked' ? decision.reason : null;
  // Proxies request plain engines.
  const breaker = worst(known.map(({ breakers }) => breakerJson(breakers[REQUESTED.role][REQUESTED.kind], now)));
  const streams = known.flatMap((view) => view.streams);
  const active = streams.filter((stream) => stream.endedAt === null);
  const busy = busyEngines({ streams });
  const used = listed.filter((engine) => busy.has(engine.container_id)).length;
  const connected = vpns.map(({ status }) => status.kind === 'fresh' && status.value.healthy);
  const working = connected.every(Boolean) && (reason === null || reason.code === 'max_capacity');
  return {
    status: listed.length === 0 ? 'unavailable' : working ? 'healthy' : 'degraded',
    timestamp: new Date(now).toISOString(),
    engines: {
      total: listed.length,
      running: known.reduce((sum, view) => sum + view.enginesRunning, 0),
      healthy: listed.filter((engine) => engine.health_status === 'healthy').length,
      unhealthy: listed.filter((engine) => engine.health_status === 'unhealthy').length,
    },
    streams: { active: active.length, total: streams.length },
    capacity: {
      total: listed.length,
      used,
      available: listed.length - used,
      max_replicas: poolLimits(settings).enginesAtMost,
      min_replicas: settings.minReplicas,
    },
    vpn: vpnOf(vpns[Math.max(0, connected.indexOf(true))], now),
    provisioning: {
      can_provision: ['possible', 'under way'].includes(decision.kind),
      circuit_breaker_state: breaker?.state ?? 'closed',
      last_failure: breaker?.last_failure_time ?? null,
      blocked_reason: reason?.message ?? null,
      blocked_reason_details: reason,
    },
    config: {
      auto_delete: true,
      grace_period_s: settings.idleGraceMs / 1000,
      engine_variant: settings.engineVariant,
    },
  };
}

/** Null while there is no status of any VPN. @param lists what `/engines` shows now */
export function healthStatus(
  vpns: readonly VpnStatusRead[],
  lists: readonly EngineJson[],
  settings: PoolSettings,
  now: Instant,
): HealthStatusJson | null {
  const listed = ofHealthyVpns(vpns, lists);
  const general = worstOfAll(vpns, 'general', now);
  const replacement = worstOfAll(vpns, 'replacement', now);
  if (general === null || replacement === null) return null;
  return {
    total_engines: listed.length,
    healthy_engines: listed.filter((engine) => engine.health_status === 'healthy').length,
    unhealthy_engines: listed.filter((engine) => engine.health_status === 'unhealthy').length,
    marked_for_replacement: views(vpns)
      .flatMap(({ engines }) => engines)
      .filter((e) => e.phase === 'draining' || e.phase === 'leaving').length,
    minimum_required: settings.minReplicas,
    health_check_interval: settings.healthCheckIntervalMs / 1000,
    circuit_breakers: { general, replacement },
  };
}

/** The listed engines without those of VPNs that are down. On a busy machine a VPN's list may be older than its status. */
function ofHealthyVpns(vpns: readonly VpnStatusRead[], lists: readonly EngineJson[]): EngineJson[] {
  const down = new Set(views(vpns).flatMap(({ vpn, healthy }) => (healthy ? [] : [vpn])));
  return lists.filter(({ vpn_container: vpn }) => vpn === null || !down.has(vpn));
}

function views(vpns: readonly VpnStatusRead[]): VpnStatusView[] {
  return vpns.flatMap(({ status }) => (status.kind === 'none' ? [] : [status.value]));
}

function vpnOf(read: VpnStatusRead | undefined, now: Instant): OrchestratorStatusJson['vpn'] {
  if (!read || read.status.kind === 'none') {
    return { enabled: true, connected: false, health: 'unknown', container: read?.vpn ?? null, forwarded_port: null };
  }
  const { status } = read;
  const vpn = vpnJson(status.value, null, status.kind === 'stale' ? status.seconds : null, now);
  const { enabled, connected, health, container, forwarded_port } = vpn;
  return { enabled, connected, health, container, forwarded_port };
}
