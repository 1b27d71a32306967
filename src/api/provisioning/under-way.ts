import type { Instant } from '../../domain/engine';
import { busyEngines } from '../../domain/streams/stream';
import type { ReplacementView, VpnStatusView } from '../../domain/vpn/status-view';
import { decideProvisioning, type PoolLimits, type ProvisioningDecision, type VpnCandidate } from './decision';

// While the only engine is being replaced, proxies find no engine and request one. They get the engine that the replacement brings up.
// Another engine would not be ready sooner, and might exceed the limit.

export interface UnderWay {
  readonly kind: 'under way';
  readonly vpn: string;
  readonly replacement: ReplacementView;
}

/** A proxy keeps a list for 2 s. An engine that became ready within this time may be missing in the proxy's list. */
const UNSEEN_FOR_MS = 3_000;

/** The decision for a request without requirements: an engine that is being brought up anyway may serve it. */
export function decideForAnyEngine(
  vpns: readonly VpnCandidate[],
  limits: PoolLimits,
  now: Instant,
): ProvisioningDecision | UnderWay {
  const [underWay] = enginesUnderWay(vpns, now);
  if (underWay && !hasOthers(vpns, now)) return underWay;
  const decision = decideProvisioning(vpns, limits, null, now);
  const isFull = decision.kind === 'blocked' && decision.reason.code === 'max_capacity';
  return underWay && isFull ? underWay : decision;
}

/** Oldest first. */
function enginesUnderWay(vpns: readonly VpnCandidate[], now: Instant): UnderWay[] {
  const all = vpns.flatMap(({ vpn, view }) =>
    view && isUsable(view)
      ? view.replacements
          .filter((r) => r.isPromising || isNew(r, view, now))
          .map((replacement): UnderWay => ({ kind: 'under way', vpn, replacement }))
      : [],
  );
  return all.toSorted((a, b) => a.replacement.startedAt - b.replacement.startedAt);
}

/** Whether there are engines that the caller must have seen in its list, and has not chosen. */
function hasOthers(vpns: readonly VpnCandidate[], now: Instant): boolean {
  return vpns.some(({ view }) => {
    if (!view || !isUsable(view)) return false;
    const unseen = new Set(view.replacements.filter((r) => isNew(r, view, now)).map((r) => r.newEngine?.id));
    return view.engines.some((e) => e.ready && !e.cutOff && !unseen.has(e.id));
  });
}

function isUsable({ healthy, unreachable }: VpnStatusView): boolean {
  return healthy && !unreachable;
}

/** Whether its engine was listed so recently that the caller may not have seen it, and is not used by anybody. */
function isNew({ cause, target, readyAt, newEngine }: ReplacementView, view: VpnStatusView, now: Instant): boolean {
  if (cause === 'requested' || target === null || readyAt === null || now - readyAt >= UNSEEN_FOR_MS) return false;
  const engine = view.engines.find((e) => e.id === newEngine?.id);
  return engine?.ready === true && !engine.cutOff && engine.lastUsedAt === null && !busyEngines(view).has(engine.id);
}
