import type { Instant } from '../../domain/engine';
import { busyEngines } from '../../domain/streams/stream';
import type { ReplacementView, VpnStatusView } from '../../domain/vpn/status-view';
import { decideProvisioning, type PoolLimits, type ProvisioningDecision, type VpnFacts } from './decision';

// While the only engine is replaced, proxies find none and ask for one. The engine that comes up anyway is the one to
// tell them of: another one would be there no sooner, or not at all where there may be no more.

export interface UnderWay {
  readonly kind: 'under way';
  readonly vpn: string;
  readonly replacement: ReplacementView;
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
  const all = vpns.flatMap(({ vpn, view }) =>
    view && isUsable(view)
      ? view.replacements
          .filter((r) => r.isPromising || isNew(r, view, now))
          .map((replacement): UnderWay => ({ kind: 'under way', vpn, replacement }))
      : [],
  );
  return all.toSorted((a, b) => a.replacement.startedAt - b.replacement.startedAt);
}

/** Whether there are engines that whoever asks has seen, and not chosen. */
function hasOthers(vpns: readonly VpnFacts[], now: Instant): boolean {
  return vpns.some(({ view }) => {
    if (!view || !isUsable(view)) return false;
    const unseen = new Set(view.replacements.filter((r) => isNew(r, view, now)).map((r) => r.newEngine?.id));
    return view.engines.some((e) => e.ready && !e.cutOff && !unseen.has(e.id));
  });
}

function isUsable({ healthy, unreachable }: VpnStatusView): boolean {
  return healthy && !unreachable;
}

/** Listed a moment ago, and used by nobody. */
function isNew({ cause, target, readyAt, newEngine }: ReplacementView, view: VpnStatusView, now: Instant): boolean {
  if (cause === 'requested' || target === null || readyAt === null || now - readyAt >= IN_NO_LIST_YET_MS) return false;
  const engine = view.engines.find((e) => e.id === newEngine?.id);
  return engine?.ready === true && !engine.cutOff && engine.lastUsedAt === null && !busyEngines(view).has(engine.id);
}
