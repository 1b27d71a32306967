import { isAmong, obstacleTo, type Obstacle } from '../../domain/vpn/eligibility';
import type { Instant, Port } from '../../domain/engine';
import { recoveryEtaSeconds } from '../../domain/vpn/recovery';
import type { PortRange } from '../../domain/settings';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import * as blocked from './blocked';
import type { BlockedReasonJson } from '../schemas/provisioning';

// On which VPN an engine can be brought up now, and if on none, why not. What /orchestrator/status says and what
// /provision/acestream does come from this one function.

/** What is known of a VPN while a decision is made. */
export interface VpnFacts {
  readonly vpn: string;
  /** Null: its workflow does not answer, so that it can't be given an engine. */
  readonly view: VpnStatusView | null;
  /** The last one that came, however old; null: none ever did. A VPN that does not answer has its engines all the same. */
  readonly lastView: VpnStatusView | null;
  /** HTTP ports of engines that were asked for just now, which the view does not have yet; null: any of its range. */
  readonly begun: readonly (Port | null)[];
}

export interface PoolLimits {
  /** MAX_REPLICAS and MAX_ACTIVE_REPLICAS, whichever is less. */
  readonly enginesAtMost: number;
  /** How long an idle engine beyond the wanted ones is kept. */
  readonly idleGraceMs: number;
}

export type ProvisioningDecision =
  | { readonly kind: 'possible'; readonly vpn: string }
  | { readonly kind: 'blocked'; readonly reason: BlockedReasonJson }
  /** No VPN has that port, and waiting will not change it. */
  | { readonly kind: 'no such port'; readonly ranges: readonly PortRange[] };

type Found = Obstacle | { readonly kind: 'silent' };

/** @param httpPort the one that the engine must have; null: any */
export function decideProvisioning(
  vpns: readonly VpnFacts[],
  limits: PoolLimits,
  httpPort: Port | null,
  now: Instant,
): ProvisioningDecision {
  const found = vpns.map((facts) => ({
    facts,
    obstacle: obstacle(facts, httpPort, now),
    engines: engineCount(facts, now),
  }));
  const ranges = vpns.flatMap(({ view }) => (view ? [view.eligibility.httpPorts] : []));
  if (httpPort !== null && ranges.length === vpns.length && !ranges.some((range) => isAmong(range, httpPort))) {
    return { kind: 'no such port', ranges };
  }
  const free = found.filter((f) => f.obstacle === null).toSorted((a, b) => a.engines - b.engines);
  const [best] = free;
  if (best === undefined) return { kind: 'blocked', reason: why(found, httpPort, now) };
  const engines = found.reduce((sum, f) => sum + f.engines, 0);
  if (engines >= limits.enginesAtMost) {
    return { kind: 'blocked', reason: blocked.byCapacity(engines, limits.enginesAtMost, limits.idleGraceMs) };
  }
  return { kind: 'possible', vpn: best.facts.vpn };
}

/**
 * Engines that are there or being brought up. Those of a VPN that is down serve nobody, and others make up for them. One
 * that does not answer counts as it was last, as it does in the fleet's plan: nobody makes up for it.
 */
function engineCount({ lastView, begun }: VpnFacts, now: Instant): number {
  const pool = lastView?.pool;
  if (!pool) return begun.length;
  return pool.lostFrom !== null && now >= pool.lostFrom ? 0 : pool.engines + begun.length;
}

function obstacle({ view, begun }: VpnFacts, httpPort: Port | null, now: Instant): Found | null {
  return view === null ? { kind: 'silent' } : obstacleTo(view.eligibility, httpPort, begun, now);
}

/** What stands in the way when no VPN is free: of several obstacles the one that is nearest to being over. */
function why(
  found: readonly { readonly facts: VpnFacts; readonly obstacle: Found | null }[],
  httpPort: Port | null,
  now: Instant,
): BlockedReasonJson {
  const obstacles = found.flatMap((f) => (f.obstacle ? [f.obstacle] : []));
  const breakers = obstacles.filter((o) => o.kind === 'breaker').toSorted((a, b) => a.trialAt - b.trialAt);
  const vpnsWith = (kind: Found['kind']) => found.filter((f) => f.obstacle?.kind === kind).map((f) => f.facts.vpn);
  const [breaker] = breakers;
  const noImage = obstacles.find((o) => o.kind === 'no image');
  const unreachable = obstacles.find((o) => o.kind === 'unreachable');
  if (breaker) return blocked.byBreaker(breaker, now);
  if (httpPort !== null && vpnsWith('port taken').length > 0) return blocked.byPort(httpPort);
  if (vpnsWith('no room').length > 0) return blocked.byPortRange(vpnsWith('no room'));
  if (noImage) return blocked.byImage(noImage);
  if (unreachable) return blocked.byDocker(unreachable.problem);
  if (vpnsWith('another Portward').length > 0) return blocked.byAnotherPortward(vpnsWith('another Portward'));
  // Any of them will do.
  const etas = obstacles.flatMap((o) => (o.kind === 'down' ? [recoveryEtaSeconds(o.recovery, now)] : []));
  if (etas.length > 0) return blocked.byVpn(vpnsWith('down'), Math.min(...etas));
  return blocked.bySilence(vpnsWith('silent'));
}
