import type { ObserveProgress } from '../activities/observe';
import type { ListedEngine } from '../domain/engine';
import { derivedLabels } from '../domain/labels';
import { vpnWorkflowId } from '../domain/names';
import type { Replacement } from '../domain/replacement';
import { inWords } from '../domain/problem';
import { notForwarding } from '../domain/vpn-problems';
import type { BreakerKey, BreakerKind } from '../workflows/breaker';
import type { VpnReport } from '../workflows/messages';
import { breakerState } from '../workflows/provisioning-allowance';
import type { BreakerJson, EngineJson, ReplacementJson, VpnJson } from './schemas';

// From what workflows know to what the contract shows.

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

function health(report: VpnReport): VpnJson['health'] {
  const vpn = report.sight?.vpn;
  if (vpn?.kind !== 'present') return 'unknown';
  if (!vpn.running) return 'unhealthy';
  return vpn.health === 'none' ? 'healthy' : vpn.health;
}

function dockerStatus(report: VpnReport): string {
  const vpn = report.sight?.vpn;
  if (!vpn) return 'unknown';
  return vpn.kind === 'absent' ? 'not found' : vpn.running ? 'running' : (vpn.down?.state ?? 'exited');
}

/** Who has not asked for a port is not told that there is none right now. */
function portProblem({ sight, port }: VpnReport): string | null {
  const isOff = sight?.vpn.kind === 'present' && !sight.vpn.portForwarding && port.last === null;
  const saysNone = sight?.port.kind === 'unknown' && sight.port.none;
  return port.reason !== null && isOff && saysNone ? inWords(notForwarding('port forwarding is not on')) : port.reason;
}

function forwarding(report: VpnReport): VpnJson['forwarding'] {
  if (!report.healthy) return 'unknown';
  if (report.portLost !== null) return 'lost';
  if (report.unstable) return 'unstable';
  if (report.validPort === null) return report.port.last === null ? 'none' : 'unknown';
  const there = report.engines.some((e) => e.ready && e.role === 'forwarded' && e.p2pPort === report.validPort);
  return there ? 'forwarded' : 'replacing';
}

/** What the oldest replacement that is at work and has failed says. */
function failing(report: VpnReport): string | null {
  const replacement = report.replacements.find((r) => r.state === 'running' && r.lastError !== null);
  return replacement ? `replacement ${replacement.number} is tried again: ${replacement.lastError}` : null;
}

export function vpnJson(report: VpnReport, progress: ObserveProgress | null, staleSeconds: number | null): VpnJson {
  const { settings } = report;
  // Not the greatest of them all: when the clock is set back, what was seen before lies in the future.
  const checkedAt = progress?.checkedAt ?? Math.max(report.sight?.at ?? 0, report.blind?.at ?? 0);
  const stale = staleSeconds !== null;
  return {
    enabled: true,
    status: dockerStatus(report),
    container_name: settings.vpn,
    container: settings.vpn,
    health: health(report),
    connected: report.healthy && !stale,
    forwarded_port: report.validPort,
    last_check: checkedAt === 0 ? null : time(checkedAt),
    last_check_at: checkedAt === 0 ? null : time(checkedAt),
    forwarding: forwarding(report),
    port_problem: portProblem(report),
    last_port: progress?.portRead ? { port: progress.portRead.port, read_at: time(progress.portRead.at) } : null,
    problem: report.problem ?? failing(report),
    remedy: remedyJson(report),
    circuit_breakers: {
      general: worstBreaker(report, 'general'),
      replacement: worstBreaker(report, 'replacement'),
    },
    engines: report.healthy ? report.engines.filter((e) => e.ready).length : 0,
    replacements_running: report.replacements.filter((r) => r.state === 'running').length,
    stale_seconds: staleSeconds,
    workflow_id: vpnWorkflowId(settings.instance, settings.vpn),
  };
}

function remedyJson({ remedies }: VpnReport): VpnJson['remedy'] {
  const { running, last } = remedies;
  if (running) return { kind: running.kind, started_at: time(running.startedAt), ended_at: null, error: running.error };
  if (!last) return null;
  const { remedy, endedAt, error } = last;
  return { kind: remedy.kind, started_at: time(remedy.startedAt), ended_at: time(endedAt), error };
}

const SEVERITY = ['closed', 'half_open', 'open'];

function severity({ state }: BreakerJson): number {
  return SEVERITY.indexOf(state);
}

/** The one that is worst off; undefined of none. */
export function worst(breakers: readonly BreakerJson[]): BreakerJson | undefined {
  return breakers.toSorted((a, b) => severity(b) - severity(a) || b.failure_count - a.failure_count)[0];
}

/** Clients know one breaker of a kind; there is one for each role, and the one that is worse off is shown. */
export function worstBreaker(report: VpnReport, kind: BreakerKind): BreakerJson {
  const forwarded = breakerJson(report, { role: 'forwarded', kind });
  return worst([breakerJson(report, { role: 'plain', kind }), forwarded]) ?? forwarded;
}

export function breakerJson(report: VpnReport, key: BreakerKey): BreakerJson {
  const breaker = report.breakers[key.role][key.kind];
  const { threshold, recoveryMs } = report.settings.breakers[key.kind];
  return {
    // In a query the workflow's time is that of its last task, which may be before the pause was over.
    state: breakerState(report, key, Date.now()),
    failure_count: breaker.failures,
    failure_threshold: threshold,
    last_failure_time: timeOrNull(breaker.lastFailureAt),
    last_success_time: timeOrNull(breaker.lastSuccessAt),
    recovery_timeout: recoveryMs / 1000,
  };
}

/** A VPN of which nothing is known, because its workflow has never answered. */
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

export function replacementJson(vpn: string, replacement: Replacement): ReplacementJson {
  const [old] = replacement.old;
  const made = replacement.newEngine;
  return {
    id: replacement.id,
    vpn,
    cause: replacement.cause,
    reason: replacement.reason,
    state: replacement.state,
    old_port: replacement.oldPort,
    new_port: replacement.target?.p2pPort ?? null,
    old_engine: old ? { container_id: old.id, container_name: old.name } : null,
    new_engine: made ? { container_id: made.id, container_name: made.name } : null,
    started_at: time(replacement.startedAt),
    made_at: timeOrNull(replacement.madeAt),
    ready_at: timeOrNull(replacement.readyAt),
    gone_at: timeOrNull(replacement.goneAt),
    ended_at: timeOrNull(replacement.endedAt),
    failed_attempts: replacement.failedAttempts,
    last_error: replacement.lastError,
  };
}
