import { engineRef } from '../domain/engine';
import { label } from '../domain/names';
import type { Decision } from './decision';
import { causeOfRefill, earliestAfterFailures, isFailure } from './failure-spacing';

/** Removes engines that have failed, and fills up to the wanted number. */
export function keepPlainEngines(decision: Decision, forwardedExpected: boolean): void {
  const { data, alive, unfinished, failed, now, provisioningPossible } = decision;
  const wanted = data.settings.targetEngines - (forwardedExpected ? 1 : 0);
  let plain =
    alive.filter((e) => e.role === 'plain').length + unfinished.filter((r) => r.target?.role === 'plain').length;
  for (const [engine, cause] of failed) {
    const earliest = earliestAfterFailures(data, engine.role, now);
    const isWanted = engine.role === 'forwarded' || plain < wanted;
    const isTime = now >= earliest || !isFailure(cause);
    const isDue = engine.role === 'plain' && provisioningPossible && plain < wanted && isTime;
    const refill = isDue && decision.takeAllowance(cause);
    // An unhealthy engine still is better than none until its turn to be replaced comes.
    if (cause === 'engine unhealthy' && isWanted && !refill) {
      decision.wake(earliest);
      if (engine.role === 'plain') plain++;
      continue;
    }
    if (refill) plain++;
    decision.act({ kind: 'replace', cause, old: [engineRef(engine)], bringUp: refill ? { role: 'plain' } : null });
  }
  if (!provisioningPossible) return;
  removeSurplus(decision, plain - wanted);
  const earliest = earliestAfterFailures(data, 'plain', now);
  const cause = causeOfRefill(data, 'plain');
  for (; plain < wanted; plain++) {
    if (isFailure(cause) && now < earliest) {
      decision.wake(earliest);
      return;
    }
    if (!decision.takeAllowance(cause)) return;
    decision.act({ kind: 'replace', cause, old: [], bringUp: { role: 'plain' } });
  }
}

/**
 * While the port was unknown for long, a plain engine stood in for a forwarded one that was lost. Engines that somebody else
 * has made stay. The youngest goes: it is the one that fewest have chosen.
 */
function removeSurplus(decision: Decision, surplus: number): void {
  const { alive, unfinished, port } = decision;
  if (surplus <= 0 || unfinished.length > 0) return;
  if (!alive.some((e) => e.role === 'forwarded' && e.ready && e.p2pPort === port)) return;
  const ours = alive.filter((e) => e.role === 'plain' && e.labels[label.replacement] !== undefined);
  const youngestFirst = ours.toSorted((a, b) => b.firstSeen - a.firstSeen);
  for (const engine of youngestFirst.slice(0, surplus)) decision.remove('surplus', engineRef(engine));
}
