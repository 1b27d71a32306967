import { engineRef, type Engine } from '../../../domain/engine';
import { isOfIncarnation, label } from '../../../domain/names';
import type { Decision } from './decision';
import { targetOf } from '../pool-state';
import { busyEngines } from '../../../domain/streams/stream';
import { causeOfRefill, earliestAfterFailures, isFailure } from './failure-backoff';
import type { VpnData } from '../data';

/** A caller that asks for an engine opens the first stream on it some 5 s later. So long it is kept, however short the grace period is. */
const FIRST_USE_WITHIN_MS = 10_000;

/** How long an idle engine of a former incarnation is kept: streams of which only that one knew may run on it. */
const UNKNOWN_USE_MS = 6 * 60 * 60_000;

/** How many plain engines are wanted. */
export function plainWanted(data: VpnData, forwardedExpected: boolean): number {
  return Math.max(0, targetOf(data) - (forwardedExpected ? 1 : 0));
}

/** Removes engines that have failed, and fills up to the wanted number. */
export function keepPlainEngines(decision: Decision, forwardedExpected: boolean): void {
  const { data, alive, unfinished, failed, now, provisioningPossible } = decision;
  const wanted = plainWanted(data, forwardedExpected);
  // A pending one counts, too: it may need the port that an unhealthy one holds.
  const isForwarded =
    alive.some((e) => e.role === 'forwarded' && e.ready) || unfinished.some((r) => r.target?.role === 'forwarded');
  let plain =
    alive.filter((e) => e.role === 'plain').length + unfinished.filter((r) => r.target?.role === 'plain').length;
  for (const [engine, cause] of failed) {
    const earliest = earliestAfterFailures(data, engine.role, now);
    const isWanted = engine.role === 'forwarded' ? !isForwarded : plain < wanted;
    const isTime = now >= earliest || !isFailure(cause);
    const isDue = engine.role === 'plain' && provisioningPossible && plain < wanted && isTime;
    const refill = isDue && decision.takeAllowance(cause, 'plain');
    // Until it may be replaced, an unhealthy engine is better than none.
    if (cause === 'engine unhealthy' && isWanted && !refill) {
      decision.wake(earliest);
      if (engine.role === 'plain') plain++;
      continue;
    }
    if (refill) plain++;
    const reason = decision.reasonOf(engine);
    const bringUp = refill ? { role: 'plain' as const } : null;
    decision.act({ kind: 'replace', cause, reason, old: [engineRef(engine)], bringUp });
  }
  if (!provisioningPossible) return;
  removeSurplus(decision, plain - wanted, forwardedExpected);
  const earliest = earliestAfterFailures(data, 'plain', now);
  const refill = causeOfRefill(data, 'plain');
  for (let added = 0; plain < wanted; plain++, added++) {
    // An engine in place of the forwarded one is additional: none has failed.
    const standsIn = !forwardedExpected && plain === targetOf(data) - 1 && refill !== 'first engine';
    const cause = added < data.toAdd || standsIn ? 'scaled up' : refill;
    if (isFailure(cause) && now < earliest) {
      decision.wake(earliest);
      return;
    }
    if (!decision.takeAllowance(cause, 'plain')) return;
    decision.act({ kind: 'replace', cause, old: [], bringUp: { role: 'plain' } });
  }
}

/**
 * Plain engines that may be removed without a successor: idle ones that Portward made. None while the forwarded engine does not work,
 * since a plain one serves in its place.
 */
export function dispensable({ alive, port, data }: Decision, forwardedExpected: boolean): Engine[] {
  const works = (e: Engine) => e.role === 'forwarded' && e.ready && (port === null || e.p2pPort === port);
  if (forwardedExpected && !alive.some(works)) return [];
  const busy = busyEngines(data);
  return alive.filter((e) => e.role === 'plain' && e.labels[label.replacement] !== undefined && !busy.has(e.id));
}

/**
 * Removes surplus engines that have been idle for the grace period, the youngest first: fewest clients will have chosen it.
 */
function removeSurplus(decision: Decision, surplus: number, forwardedExpected: boolean): void {
  const { unfinished, data, now } = decision;
  // A pending engine may fail, and then be lacking. A pending forwarded engine that is held back is not counted among the wanted ones.
  const isOnItsWay = unfinished.some((r) => forwardedExpected || r.target?.role === 'plain');
  if (surplus <= 0 || isOnItsWay || data.surplusSince === null) return;
  const { idleGraceMs } = data.settings;
  const graceOver = (e: Engine) =>
    Math.max(
      e.firstSeen + Math.max(idleGraceMs, FIRST_USE_WITHIN_MS),
      Math.max(data.surplusSince ?? 0, e.lastUsedAt ?? 0) + idleGraceMs,
    );
  const youngestFirst = dispensable(decision, forwardedExpected).toSorted((a, b) => b.firstSeen - a.firstSeen);
  for (const engine of youngestFirst.slice(0, surplus)) {
    const isKnown = isOfIncarnation(engine.labels, data.incarnation) || engine.lastUsedAt !== null;
    const goesAt = isKnown ? graceOver(engine) : Math.max(graceOver(engine), data.surplusSince + UNKNOWN_USE_MS);
    if ((data.collecting && isKnown) || now >= goesAt) decision.remove('surplus', engineRef(engine));
    else decision.wake(goesAt);
  }
}
