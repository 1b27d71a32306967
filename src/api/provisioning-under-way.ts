import type { Instant } from '../domain/engine';
import type { Replacement } from '../domain/replacement';
import type { VpnReport } from '../workflows/messages';
import { busyEngines } from '../workflows/streams';
import { isHeldUp } from '../workflows/provisioning-allowance';
import { decideProvisioning, type PoolLimits, type ProvisioningDecision, type VpnFacts } from './provisioning-decision';

// While the only engine is replaced, proxies find none and ask for one. The engine that comes up anyway is the one to
// tell them of: another one would be there no sooner, or not at all where there may be no more.

export interface UnderWay {
  readonly kind: 'under way';
  readonly vpn: string;
  readonly replacement: Replacement;
}

/** Who asks may go by a list of 2 s ago, in which an engine that has just come up is not yet. */
const IN_NO_LIST_YET_MS = 3_000;

/** For one who wants an engine, and none in particular. */
export function decideForAnyEngine(
  vpns: readonly VpnFacts[],
  limits: PoolLimits,
  now: Instant,
): ProvisioningDecision | UnderWay {
  const [coming] = enginesUnderWay(vpns, now);
  if (coming && !hasOthers(vpns, now)) return coming;
  const decision = decideProvisioning(vpns, limits, null, now);
  const isFull = decision.kind === 'blocked' && decision.reason.code === 'max_capacity';
  return coming && isFull ? coming : decision;
}

/** The one that was begun first comes first. */
function enginesUnderWay(vpns: readonly VpnFacts[], now: Instant): UnderWay[] {
  const all = vpns.flatMap(({ vpn, report }) =>
    report && isUsable(report)
      ? report.replacements
          .filter((r) => isComing(r, report) || isNew(r, report, now))
          .map((replacement): UnderWay => ({ kind: 'under way', vpn, replacement }))
      : [],
  );
  return all.toSorted((a, b) => a.replacement.startedAt - b.replacement.startedAt);
}

/** Whether there are engines that whoever asks has seen, and not chosen. */
function hasOthers(vpns: readonly VpnFacts[], now: Instant): boolean {
  return vpns.some(({ report }) => {
    if (!report || !isUsable(report)) return false;
    const unseen = new Set(report.replacements.filter((r) => isNew(r, report, now)).map((r) => r.newEngine?.id));
    return report.engines.some((e) => e.ready && !e.cutOff && !unseen.has(e.id));
  });
}

function isUsable({ healthy, blind }: VpnReport): boolean {
  return healthy && blind === null;
}

/** Still booting, with good prospects. One that somebody has asked for is theirs. */
function isComing(replacement: Replacement, report: VpnReport): boolean {
  const { cause, target, state, readyAt, made, failedAttempts } = replacement;
  if (cause === 'requested' || target === null || state !== 'running' || readyAt !== null) return false;
  if (failedAttempts > 0 || isHeldUp(report, replacement)) return false;
  // Before it can begin another one has to pass its grace and stop.
  return made !== null || target.waitFor.length === 0;
}

/** Listed a moment ago, and used by nobody. */
function isNew({ cause, target, readyAt, newEngine }: Replacement, report: VpnReport, now: Instant): boolean {
  if (cause === 'requested' || target === null || readyAt === null || now - readyAt >= IN_NO_LIST_YET_MS) return false;
  const engine = report.engines.find((e) => e.id === newEngine?.id);
  return engine?.ready === true && !engine.cutOff && engine.lastUsedAt === null && !busyEngines(report).has(engine.id);
}
