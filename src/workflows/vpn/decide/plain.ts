import { engineRef, type Engine } from '../../../domain/engine';
import { isOfIncarnation, label } from '../../../domain/names';
import type { Decision } from './decision';
import { targetOf } from '../pool-state';
import { busyEngines } from '../../../domain/streams/stream';
import { causeOfRefill, earliestAfterFailures, isFailure } from './failure-backoff';
import type { VpnData } from '../data';

/** Who asks for an engine opens the first stream on it some 5 s later, however short the grace period is. */
const FIRST_USE_WITHIN_MS = 10_000;

/** Streams that a former incarnation of this workflow knew of may run on, on an engine of which none is known. */
const UNKNOWN_USE_MS = 6 * 60 * 60_000;

/** Engines that are wanted beside the forwarded one. */
export function plainWanted(data: VpnData, forwardedExpected: boolean): number {
  return Math.max(0, targetOf(data) - (forwardedExpected ? 1 : 0));
}

/** Removes engines that have failed, and fills up to the wanted number. */
export function keepPlainEngines(decision: Decision, forwardedExpected: boolean): void {
  const { data, alive, unfinished, failed, now, provisioningPossible } = decision;
  const wanted = plainWanted(data, forwardedExpected);
  // One that is on its way may need the port that an unhealthy one holds.
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
    // An unhealthy engine still is better than none until its turn to be replaced comes.
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
    // One that stands in for the forwarded engine was never there, and so has not failed.
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
 * Engines that may go without a successor: none that has a stream, or that somebody else has made; and none while a plain
 * engine stands in for a forwarded one that does not work.
 */
export function dispensable({ alive, port, data }: Decision, forwardedExpected: boolean): Engine[] {
  const works = (e: Engine) => e.role === 'forwarded' && e.ready && (port === null || e.p2pPort === port);
  if (forwardedExpected && !alive.some(works)) return [];
  const busy = busyEngines(data);
  return alive.filter((e) => e.role === 'plain' && e.labels[label.replacement] !== undefined && !busy.has(e.id));
}

/**
 * Engines beyond those that are wanted go once they have been idle for the grace period. The youngest goes first: it is the
 * one that fewest have chosen.
 */
function removeSurplus(decision: Decision, surplus: number, forwardedExpected: boolean): void {
  const { unfinished, data, now } = decision;
  // One that is on its way may fail, and then is lacking; a forwarded one that is not expected is counted with nothing.
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
    const isKnown = isOfIncarnation(engine.labels, data.lineage) || engine.lastUsedAt !== null;
    const goesAt = isKnown ? graceOver(engine) : Math.max(graceOver(engine), data.surplusSince + UNKNOWN_USE_MS);
    if ((data.collecting && isKnown) || now >= goesAt) decision.remove('surplus', engineRef(engine));
    else decision.wake(goesAt);
  }
}
