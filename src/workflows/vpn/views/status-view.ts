import type { BreakerKey, BreakerView } from '../../../domain/vpn/breaker';
import { isHealthy } from '../../../domain/vpn/observation';
import type { Replacement, Target } from '../../../domain/replacement';
import { inWords } from '../../../lib/problem';
import { notForwarding } from '../../../domain/vpn/problems';
import type {
  PoolView,
  PortView,
  RemedyView,
  ReplacementView,
  VpnContainerView,
  VpnStatusView,
} from '../../../domain/vpn/status-view';
import { eligibilityOf } from '../requests/eligibility';
import { engineViews } from './engine-views';
import { lostFrom, targetOf } from '../pool-state';
import { problemOf } from '../report/problems';
import { isHeldUp, trialAt } from '../requests/provisioning-allowance';
import { stormUntil } from '../decide/backoff';
import { expectsPort } from '../decide/remedies';
import { bootingEngines, portExpiry, runningReplacements, unfinishedTargets, type VpnData } from '../data';

/** The status of the VPN. It is the same at whatever time it is asked for. */
export function statusView(data: VpnData): VpnStatusView {
  const { settings, snapshot, incarnation, events, nextNumber, healthySince, downSince, streams, timeline } = data;
  const { instance, vpn, startupTimeoutMs } = settings;
  // The later of the present two. It may go back: after the clock was set back, an earlier result would lie in the future.
  const checkedAt = Math.max(snapshot?.at ?? 0, data.unreachable?.at ?? 0);
  return {
    instance,
    vpn,
    incarnation,
    events,
    nextNumber,
    container: containerView(data),
    checkedAt: checkedAt === 0 ? null : checkedAt,
    unreachable: data.unreachable !== null,
    healthy: snapshot !== null && isHealthy(snapshot.vpn),
    healthySince,
    downSince,
    publicIp: snapshot?.publicIp?.address ?? null,
    port: portView(data),
    problem: problemOf(data) ?? failing(data),
    remedy: remedyView(data),
    breakers: {
      forwarded: bothKinds(data, 'forwarded'),
      plain: bothKinds(data, 'plain'),
    },
    eligibility: eligibilityOf(data),
    pool: poolView(data),
    target: targetOf(data),
    ownTarget: settings.targetEngines,
    startupTimeoutMs,
    engines: engineViews(data),
    enginesRunning: new Set([...running(data), ...bootingEngines(data)].map((e) => e.id)).size,
    streams,
    replacements: data.replacements.map((r) => replacementView(data, r)),
    timeline,
  };
}

function containerView({ snapshot }: VpnData): VpnContainerView {
  if (snapshot === null) return { status: 'unknown', health: null };
  const { vpn } = snapshot;
  if (vpn.kind === 'absent') return { status: 'not found', health: null };
  if (!vpn.running) return { status: vpn.down?.state ?? 'exited', health: 'unhealthy' };
  return { status: 'running', health: vpn.health === 'none' ? 'healthy' : vpn.health };
}

function portView(data: VpnData): PortView {
  const { port, engines, settings, portChanges, reconnects } = data;
  const storms = [portChanges, reconnects].map((r) => stormUntil(r, settings.longestBackoffMs) ?? -Infinity);
  const unstableUntil = Math.max(...storms);
  return {
    last: port.last,
    expiresAt: portExpiry(data),
    problem: portProblem(data),
    isLost: data.portLost !== null,
    isExpected: expectsPort(data),
    isServed: engines.some((e) => e.ready && e.role === 'forwarded' && e.p2pPort === port.last),
    unstableUntil: unstableUntil === -Infinity ? null : unstableUntil,
  };
}

/** A VPN without port forwarding has no port: then the problem is that forwarding is off. */
function portProblem({ snapshot, port }: VpnData): string | null {
  const isOff = snapshot?.vpn.kind === 'present' && !snapshot.vpn.portForwarding && port.last === null;
  const saysNone = snapshot?.port.kind === 'unknown' && snapshot.port.none;
  if (port.reason === null || !isOff || !saysNone) return port.reason;
  return inWords(notForwarding('port forwarding is not on'));
}

/** The last error of the oldest running replacement that has failed. */
function failing(data: VpnData): string | null {
  const replacement = runningReplacements(data).find((r) => r.lastError !== null);
  return replacement ? `replacement ${replacement.number} is tried again: ${replacement.lastError}` : null;
}

function remedyView({ remedies: { running: atWork, last } }: VpnData): RemedyView | null {
  if (atWork) return { kind: atWork.kind, startedAt: atWork.startedAt, endedAt: null, error: atWork.error };
  if (!last) return null;
  const { remedy, endedAt, error } = last;
  return { kind: remedy.kind, startedAt: remedy.startedAt, endedAt, error };
}

function bothKinds(data: VpnData, role: BreakerKey['role']): VpnStatusView['breakers'][typeof role] {
  return {
    general: breakerView(data, { role, kind: 'general' }),
    replacement: breakerView(data, { role, kind: 'replacement' }),
  };
}

function breakerView(data: VpnData, key: BreakerKey): BreakerView {
  const { failures, lastFailureAt, lastSuccessAt } = data.breakers[key.role][key.kind];
  const { threshold, recoveryMs } = data.settings.breakers[key.kind];
  return { failures, threshold, recoveryMs, lastFailureAt, lastSuccessAt, trialAt: trialAt(data, key) };
}

function poolView(data: VpnData): PoolView | null {
  if (data.snapshot === null) return null;
  return { engines: data.engines.length + unfinishedTargets(data).length, lostFrom: lostFrom(data) };
}

function running({ snapshot }: VpnData) {
  return (snapshot?.engines ?? []).filter((e) => e.running);
}

function replacementView(data: VpnData, replacement: Replacement): ReplacementView {
  const { wasInUse, givenUp, taken, draining, leave, leaveAsked, target, ...shown } = replacement;
  return { ...shown, target: target && targetView(target), isPromising: isPromising(data, replacement) };
}

function targetView({ callerOptions, isHttpPortGiven, ...target }: Target): ReplacementView['target'] {
  return target;
}

function isPromising(data: VpnData, replacement: Replacement): boolean {
  const { cause, target, state, readyAt, made, failedAttempts } = replacement;
  if (cause === 'requested' || target === null || state !== 'running' || readyAt !== null) return false;
  if (failedAttempts > 0 || isHeldUp(data, replacement)) return false;
  // Without a container it must not have to wait until another engine has been stopped.
  return made !== null || target.waitFor.length === 0;
}
