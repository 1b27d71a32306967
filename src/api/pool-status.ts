import type { ContainerId, Instant } from '../domain/engine';
import type { BreakerKind } from '../workflows/breaker';
import type { VpnReport } from '../workflows/messages';
import { REQUESTED } from '../workflows/provisioning-refusal';
import { bootingEngines } from '../workflows/vpn-data';
import { breakerJson, vpnJson, worst, worstBreaker } from './present';
import type { PoolLimits, VpnFacts } from './provisioning-decision';
import { decideForAnyEngine } from './provisioning-under-way';
import type { VpnStateRead } from './reads/reads';
import type { BreakerJson, EngineJson } from './schemas';
import type { HealthStatusJson, OrchestratorStatusJson } from './status-schemas';

// What is true of all VPNs together.

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

/** Proxies ask every 30 s: a workflow that was late once must not keep them from asking for an engine until then. */
const BELIEVED_FOR_S = 60;

/** The request for an engine is decided anew; of a state that is too old for a proxy to act on nothing is claimed. */
export function recentFacts({ vpn, state }: VpnStateRead): VpnFacts {
  const isRecent = state.kind === 'fresh' || (state.kind === 'stale' && state.seconds <= BELIEVED_FOR_S);
  const lastReport = state.kind === 'none' ? null : state.value;
  return { vpn, report: isRecent ? lastReport : null, lastReport, begun: [] };
}

/** Of all VPNs the breaker of that kind that is worst off; null while nothing is known of any. */
function worstOfAll(vpns: readonly VpnStateRead[], kind: BreakerKind): BreakerJson | null {
  return worst(reports(vpns).map((report) => worstBreaker(report, kind))) ?? null;
}

/** @param lists what `/engines` shows now */
export function orchestratorStatus(
  vpns: readonly VpnStateRead[],
  lists: readonly EngineJson[],
  settings: PoolSettings,
  now: Instant,
): OrchestratorStatusJson {
  const known = reports(vpns);
  const listed = ofHealthyVpns(vpns, lists);
  const decision = decideForAnyEngine(vpns.map(recentFacts), poolLimits(settings), now);
  const reason = decision.kind === 'blocked' ? decision.reason : null;
  // What proxies ask for are plain engines.
  const breaker = worst(known.map((report) => breakerJson(report, REQUESTED)));
  const streams = known.flatMap((report) => report.streams);
  const active = streams.filter((stream) => stream.endedAt === null);
  const busy = new Set(active.map((stream) => stream.containerId));
  const used = listed.filter((engine) => busy.has(engine.container_id)).length;
  const connected = vpns.map(({ state }) => state.kind === 'fresh' && state.value.healthy);
  const working = connected.every(Boolean) && (reason === null || reason.code === 'max_capacity');
  return {
    status: listed.length === 0 ? 'unavailable' : working ? 'healthy' : 'degraded',
    timestamp: new Date(now).toISOString(),
    engines: {
      total: listed.length,
      running: new Set(known.flatMap(runningOf)).size,
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
    vpn: vpnOf(vpns[Math.max(0, connected.indexOf(true))]),
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

/** Null while nothing is known of any VPN. @param lists what `/engines` shows now */
export function healthStatus(
  vpns: readonly VpnStateRead[],
  lists: readonly EngineJson[],
  settings: PoolSettings,
): HealthStatusJson | null {
  const listed = ofHealthyVpns(vpns, lists);
  const general = worstOfAll(vpns, 'general');
  const replacement = worstOfAll(vpns, 'replacement');
  if (general === null || replacement === null) return null;
  return {
    total_engines: listed.length,
    healthy_engines: listed.filter((engine) => engine.health_status === 'healthy').length,
    unhealthy_engines: listed.filter((engine) => engine.health_status === 'unhealthy').length,
    marked_for_replacement: reports(vpns).reduce((sum, report) => sum + report.evicted.length, 0),
    minimum_required: settings.minReplicas,
    health_check_interval: settings.healthCheckIntervalMs / 1000,
    circuit_breakers: { general, replacement },
  };
}

/** On a busy machine a VPN's list may be older than its state. If the state says that the VPN is down, its engines are hidden. */
function ofHealthyVpns(vpns: readonly VpnStateRead[], lists: readonly EngineJson[]): EngineJson[] {
  const down = new Set(vpns.flatMap(({ vpn, state }) => (state.kind !== 'none' && !state.value.healthy ? [vpn] : [])));
  return lists.filter(({ vpn_container: vpn }) => vpn === null || !down.has(vpn));
}

function reports(vpns: readonly VpnStateRead[]): VpnReport[] {
  return vpns.flatMap(({ state }) => (state.kind === 'none' ? [] : [state.value]));
}

function vpnOf(read: VpnStateRead | undefined): OrchestratorStatusJson['vpn'] {
  if (!read || read.state.kind === 'none') {
    return { enabled: true, connected: false, health: 'unknown', container: read?.vpn ?? null, forwarded_port: null };
  }
  const { state } = read;
  const vpn = vpnJson(state.value, null, state.kind === 'stale' ? state.seconds : null);
  const { enabled, connected, health, container, forwarded_port } = vpn;
  return { enabled, connected, health, container, forwarded_port };
}

/** Containers that run; those that boot are not looked at until they answer. */
function runningOf(report: VpnReport): ContainerId[] {
  const seen = (report.sight?.engines ?? []).filter((engine) => engine.running);
  return [...seen, ...bootingEngines(report)].map((engine) => engine.id);
}
