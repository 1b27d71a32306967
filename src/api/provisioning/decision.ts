import { isAmong, obstacleTo, type Obstacle } from '../../domain/vpn/eligibility';
import type { Instant, Port } from '../../domain/engine';
import { recoveryEtaSeconds } from '../../domain/vpn/recovery';
import type { PortRange } from '../../domain/settings';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import * as blocked from './blocked';
import type { BlockedReasonJson } from '../schemas/provisioning';

// Decides on which VPN an engine can be brought up now, or why on none. /orchestrator/status and /provision/acestream use the same
// function, so that they agree.

/** What a decision needs to know of a VPN. */
export interface VpnCandidate {
  readonly vpn: string;
  /** The current status; null: the workflow does not answer, so the VPN can't be given an engine. */
  readonly view: VpnStatusView | null;
  /** The last status, however old; null: there was none. A VPN whose workflow does not answer still has its engines. */
  readonly lastView: VpnStatusView | null;
  /** HTTP ports of engines that this process has just requested, and that the view does not have yet; null: any port of the range. */
  readonly requestedPorts: readonly (Port | null)[];
}

export interface PoolLimits {
  /** The smaller of MAX_REPLICAS and MAX_ACTIVE_REPLICAS. */
  readonly enginesAtMost: number;
  /** How long an idle surplus engine is kept, in ms. */
  readonly idleGraceMs: number;
}

export type ProvisioningDecision =
  | { readonly kind: 'possible'; readonly vpn: string }
  | { readonly kind: 'blocked'; readonly reason: BlockedReasonJson }
  /** The port is in no VPN's range, and waiting will not change that. */
  | { readonly kind: 'no such port'; readonly ranges: readonly PortRange[] };

type Found = Obstacle | { readonly kind: 'silent' };

/** @param httpPort the port that the engine must have; null: any */
export function decideProvisioning(
  vpns: readonly VpnCandidate[],
  limits: PoolLimits,
  httpPort: Port | null,
  now: Instant,
): ProvisioningDecision {
  const found = vpns.map((candidate) => ({
    candidate,
    obstacle: obstacle(candidate, httpPort, now),
    engines: engineCount(candidate, now),
  }));
  const ranges = vpns.flatMap(({ view }) => (view ? [view.eligibility.httpPorts] : []));
  if (httpPort !== null && ranges.length === vpns.length && !ranges.some((range) => isAmong(range, httpPort))) {
    return { kind: 'no such port', ranges };
  }
  const free = found.filter((f) => f.obstacle === null).toSorted((a, b) => a.engines - b.engines);
  const [best] = free;
  if (best === undefined) return { kind: 'blocked', reason: blockedReason(found, httpPort, now) };
  const engines = found.reduce((sum, f) => sum + f.engines, 0);
  if (engines >= limits.enginesAtMost) {
    return { kind: 'blocked', reason: blocked.byCapacity(engines, limits.enginesAtMost, limits.idleGraceMs) };
  }
  return { kind: 'possible', vpn: best.candidate.vpn };
}

/**
 * The number of engines of a VPN, pending ones included. The engines of a VPN that is down do not count, because other VPNs replace
 * them. A VPN whose workflow does not answer keeps its last count, as in the fleet's plan.
 */
function engineCount({ lastView, requestedPorts }: VpnCandidate, now: Instant): number {
  const pool = lastView?.pool;
  if (!pool) return requestedPorts.length;
  return pool.lostFrom !== null && now >= pool.lostFrom ? 0 : pool.engines + requestedPorts.length;
}

function obstacle({ view, requestedPorts }: VpnCandidate, httpPort: Port | null, now: Instant): Found | null {
  return view === null ? { kind: 'silent' } : obstacleTo(view.eligibility, httpPort, requestedPorts, now);
}

/** The reason to give when no VPN is free: of several obstacles, the one that is likely to end first. */
function blockedReason(
  found: readonly { readonly candidate: VpnCandidate; readonly obstacle: Found | null }[],
  httpPort: Port | null,
  now: Instant,
): BlockedReasonJson {
  const obstacles = found.flatMap((f) => (f.obstacle ? [f.obstacle] : []));
  const breakers = obstacles.filter((o) => o.kind === 'breaker').toSorted((a, b) => a.trialAt - b.trialAt);
  const vpnsWith = (kind: Found['kind']) => found.filter((f) => f.obstacle?.kind === kind).map((f) => f.candidate.vpn);
  const [breaker] = breakers;
  const noImage = obstacles.find((o) => o.kind === 'no image');
  const unreachable = obstacles.find((o) => o.kind === 'unreachable');
  if (breaker) return blocked.byBreaker(breaker, now);
  if (httpPort !== null && vpnsWith('port taken').length > 0) return blocked.byPort(httpPort);
  if (vpnsWith('no room').length > 0) return blocked.byPortRange(vpnsWith('no room'));
  if (noImage) return blocked.byImage(noImage);
  if (unreachable) return blocked.byDocker(unreachable.problem);
  if (vpnsWith('another Portward').length > 0) return blocked.byAnotherPortward(vpnsWith('another Portward'));
  // The first VPN that recovers is enough.
  const etas = obstacles.flatMap((o) => (o.kind === 'down' ? [recoveryEtaSeconds(o.recovery, now)] : []));
  if (etas.length > 0) return blocked.byVpn(vpnsWith('down'), Math.min(...etas));
  return blocked.bySilence(vpnsWith('silent'));
}
