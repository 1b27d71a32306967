import { recoveryEtaSeconds } from '../domain/recovery';
import { isHealthy } from '../domain/observation';
import type { Instant, Port } from '../domain/engine';
import type { PortRange } from '../domain/settings';
import type { VpnReport } from '../workflows/messages';
import { poolFacts } from '../workflows/pool-facts';
import { allowance, trialAt } from '../workflows/provisioning-allowance';
import { REQUESTED } from '../workflows/provisioning-refusal';
import { standsAside } from '../workflows/rival';
import { unfinishedTargets } from '../workflows/vpn-data';
import * as blocked from './provisioning-blocked';
import type { BlockedReasonJson } from './provisioning-schemas';

// On which VPN an engine can be brought up now, and if on none, why not. What /orchestrator/status says and what
// /provision/acestream does come from this one function.

/** What is known of a VPN while a decision is made. */
export interface VpnFacts {
  readonly vpn: string;
  /** Null: its workflow does not answer, so that it can't be given an engine. */
  readonly report: VpnReport | null;
  /** The last one that came, however old; null: none ever did. A VPN that does not answer has its engines all the same. */
  readonly lastReport: VpnReport | null;
  /** HTTP ports of engines that were asked for just now, which the report does not have yet; null: any of its range. */
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

type Obstacle =
  | { readonly kind: 'silent' | 'no room' | 'port taken' | 'other ports' }
  | { readonly kind: 'down'; readonly etaS: number }
  | { readonly kind: 'blind'; readonly problem: string }
  | { readonly kind: 'another Portward' }
  | { readonly kind: 'no image'; readonly image: string; readonly pulled: boolean }
  | { readonly kind: 'breaker'; readonly failures: number; readonly trialAt: Instant; readonly open: boolean };

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
  const ranges = vpns.flatMap(({ report }) => (report ? [report.settings.httpPorts] : []));
  if (httpPort !== null && ranges.length === vpns.length && !ranges.some((range) => includes(range, httpPort))) {
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
function engineCount({ lastReport, begun }: VpnFacts, now: Instant): number {
  const facts = lastReport && poolFacts(lastReport, now);
  if (!facts) return begun.length;
  return facts.condition === 'down' ? 0 : facts.engines + begun.length;
}

function obstacle({ report, begun }: VpnFacts, httpPort: Port | null, now: Instant): Obstacle | null {
  if (report === null) return { kind: 'silent' };
  const { sight, settings, blind } = report;
  if (blind !== null) return { kind: 'blind', problem: blind.problem };
  if (standsAside(report)) return { kind: 'another Portward' };
  if (sight === null || !isHealthy(sight.vpn)) return { kind: 'down', etaS: recoveryEtaSeconds(report.recovery, now) };
  if (httpPort !== null && !includes(settings.httpPorts, httpPort)) return { kind: 'other ports' };
  if (!sight.imagePresent) return { kind: 'no image', image: settings.image, pulled: settings.pullPolicy !== 'never' };
  const trial = trialAt(report, REQUESTED);
  if (trial !== null && allowance(report, REQUESTED, now) - begun.length <= 0) {
    return {
      kind: 'breaker',
      failures: report.breakers[REQUESTED.role][REQUESTED.kind].failures,
      trialAt: trial,
      open: now < trial,
    };
  }
  const taken = new Set([
    ...report.engines.map((e) => e.httpPort),
    ...unfinishedTargets(report).flatMap(({ target }) => (target ? [target.httpPort] : [])),
    ...begun.filter((port) => port !== null),
    ...report.takenPorts.map(({ port }) => port),
  ]);
  if (httpPort !== null) return taken.has(httpPort) ? { kind: 'port taken' } : null;
  const { first, last } = settings.httpPorts;
  const used = [...taken].filter((port) => includes(settings.httpPorts, port)).length;
  const anyPort = begun.filter((port) => port === null).length;
  return used + anyPort > last - first ? { kind: 'no room' } : null;
}

function includes({ first, last }: PortRange, port: Port): boolean {
  return port >= first && port <= last;
}

/** What stands in the way when no VPN is free: of several obstacles the one that is nearest to being over. */
function why(
  found: readonly { readonly facts: VpnFacts; readonly obstacle: Obstacle | null }[],
  httpPort: Port | null,
  now: Instant,
): BlockedReasonJson {
  const obstacles = found.flatMap((f) => (f.obstacle ? [f.obstacle] : []));
  const breakers = obstacles.filter((o) => o.kind === 'breaker').toSorted((a, b) => a.trialAt - b.trialAt);
  const vpnsWith = (kind: Obstacle['kind']) => found.filter((f) => f.obstacle?.kind === kind).map((f) => f.facts.vpn);
  const [breaker] = breakers;
  const noImage = obstacles.find((o) => o.kind === 'no image');
  const blind = obstacles.find((o) => o.kind === 'blind');
  if (breaker) return blocked.byBreaker(breaker, now);
  if (httpPort !== null && vpnsWith('port taken').length > 0) return blocked.byPort(httpPort);
  if (vpnsWith('no room').length > 0) return blocked.byPortRange(vpnsWith('no room'));
  if (noImage) return blocked.byImage(noImage);
  if (blind) return blocked.byDocker(blind.problem);
  if (vpnsWith('another Portward').length > 0) return blocked.byAnotherPortward(vpnsWith('another Portward'));
  // Any of them will do.
  const etas = obstacles.flatMap((o) => (o.kind === 'down' ? [o.etaS] : []));
  if (etas.length > 0) return blocked.byVpn(vpnsWith('down'), Math.min(...etas));
  return blocked.bySilence(vpnsWith('silent'));
}
