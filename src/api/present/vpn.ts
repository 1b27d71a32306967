import type { ObserveProgress } from '../../activities/observe/observe';
import { breakerState, type BreakerKind, type BreakerView } from '../../domain/vpn/breaker';
import type { Instant, ListedEngine } from '../../domain/engine';
import { derivedLabels } from '../../domain/labels';
import { vpnWorkflowId } from '../../domain/names';
import type { PublicReplacement } from '../../domain/replacement';
import { forwardedPort, isUnstable, type VpnStatusView } from '../../domain/vpn/status-view';
import type { BreakerJson, EngineJson, ReplacementJson, VpnJson } from '../schemas/engines';

// Converts the workflows' views to the JSON of the HTTP contract.

function time(instant: number): string {
  return new Date(instant).toISOString();
}

function timeOrNull(instant: number | null | undefined): string | null {
  return instant === null || instant === undefined ? null : time(instant);
}

export function engineJson(
  engine: ListedEngine,
  vpn: {
    readonly name: string;
    readonly host: string;
    readonly containerLabel: string;
    readonly progress: ObserveProgress | null;
  },
): EngineJson {
  const checked = vpn.progress?.checkedEngines[engine.id];
  return {
    container_id: engine.id,
    container_name: engine.name,
    host: vpn.host,
    port: engine.httpPort,
    labels: { ...derivedLabels(engine, vpn.name, vpn.containerLabel), ...engine.labels },
    forwarded: engine.forwarded,
    first_seen: time(engine.firstSeen),
    last_seen: time(Math.max(engine.firstSeen, vpn.progress?.seenAt ?? 0)),
    streams: [...engine.streams],
    health_status: engine.health,
    last_health_check: timeOrNull(checked),
    last_stream_usage: timeOrNull(engine.lastUsedAt),
    last_cache_cleanup: null,
    cache_size_bytes: null,
    vpn_container: vpn.name,
    p2p_port: engine.p2pPort,
  };
}

function forwarding(view: VpnStatusView, now: Instant): VpnJson['forwarding'] {
  const { healthy, port } = view;
  if (!healthy) return 'unknown';
  if (port.isLost) return 'lost';
  if (isUnstable(view, now)) return 'unstable';
  if (forwardedPort(view, now) === null) return port.last === null ? 'none' : 'unknown';
  return port.isServed ? 'forwarded' : 'replacing';
}

export function vpnJson(
  view: VpnStatusView,
  progress: ObserveProgress | null,
  staleSeconds: number | null,
  now: Instant = Date.now(),
): VpnJson {
  const { instance, vpn, container, healthy, port, problem, engines, replacements } = view;
  const checkedAt = timeOrNull(progress?.checkedAt ?? view.checkedAt);
  return {
    enabled: true,
    status: container.status,
    container_name: vpn,
    container: vpn,
    health: container.health ?? 'unknown',
    connected: healthy && staleSeconds === null,
    forwarded_port: forwardedPort(view, now),
    last_check: checkedAt,
    last_check_at: checkedAt,
    forwarding: forwarding(view, now),
    port_problem: port.problem,
    last_port: progress?.portRead ? { port: progress.portRead.port, read_at: time(progress.portRead.at) } : null,
    problem,
    remedy: remedyJson(view),
    circuit_breakers: {
      general: worstBreaker(view, 'general', now),
      replacement: worstBreaker(view, 'replacement', now),
    },
    engines: healthy ? engines.filter((e) => e.ready).length : 0,
    replacements_running: replacements.filter((r) => r.state === 'running').length,
    stale_seconds: staleSeconds,
    workflow_id: vpnWorkflowId(instance, vpn),
  };
}

function remedyJson({ remedy }: VpnStatusView): VpnJson['remedy'] {
  if (!remedy) return null;
  const { kind, startedAt, endedAt, error } = remedy;
  return { kind, started_at: time(startedAt), ended_at: timeOrNull(endedAt), error };
}

const SEVERITY = ['closed', 'half_open', 'open'];

function severity({ state }: BreakerJson): number {
  return SEVERITY.indexOf(state);
}

/** The worst of the breakers; undefined if there are none. */
export function worst(breakers: readonly BreakerJson[]): BreakerJson | undefined {
  return breakers.toSorted((a, b) => severity(b) - severity(a) || b.failure_count - a.failure_count)[0];
}

/** The worse of the breakers of both roles. The HTTP contract has one breaker of each kind, the workflow has one for each role. */
export function worstBreaker({ breakers }: VpnStatusView, kind: BreakerKind, now: Instant): BreakerJson {
  const forwarded = breakerJson(breakers.forwarded[kind], now);
  return worst([breakerJson(breakers.plain[kind], now), forwarded]) ?? forwarded;
}

export function breakerJson(breaker: BreakerView, now: Instant): BreakerJson {
  return {
    state: breakerState(breaker.trialAt, now),
    failure_count: breaker.failures,
    failure_threshold: breaker.threshold,
    last_failure_time: timeOrNull(breaker.lastFailureAt),
    last_success_time: timeOrNull(breaker.lastSuccessAt),
    recovery_timeout: breaker.recoveryMs / 1000,
  };
}

/** A VPN whose workflow has not answered since this process began. */
export function unknownVpnJson(vpn: string, workflowId: string, problem: string): VpnJson {
  return {
    enabled: true,
    status: 'unknown',
    container_name: vpn,
    container: vpn,
    health: 'unknown',
    connected: false,
    forwarded_port: null,
    last_check: null,
    last_check_at: null,
    forwarding: 'unknown',
    port_problem: null,
    last_port: null,
    problem,
    remedy: null,
    circuit_breakers: null,
    engines: 0,
    replacements_running: 0,
    stale_seconds: null,
    workflow_id: workflowId,
  };
}

export function replacementJson(vpn: string, replacement: PublicReplacement): ReplacementJson {
  const [old] = replacement.old;
  const { newEngine } = replacement;
  return {
    id: replacement.id,
    vpn,
    cause: replacement.cause,
    reason: replacement.reason,
    state: replacement.state,
    old_port: replacement.oldPort,
    new_port: replacement.target?.p2pPort ?? null,
    old_engine: old ? { container_id: old.id, container_name: old.name } : null,
    new_engine: newEngine ? { container_id: newEngine.id, container_name: newEngine.name } : null,
    started_at: time(replacement.startedAt),
    made_at: timeOrNull(replacement.madeAt),
    ready_at: timeOrNull(replacement.readyAt),
    gone_at: timeOrNull(replacement.goneAt),
    ended_at: timeOrNull(replacement.endedAt),
    failed_attempts: replacement.failedAttempts,
    last_error: replacement.lastError,
  };
}
