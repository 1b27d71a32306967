import { engineRef, type Engine, type Port } from '../../../domain/engine';
import { isHeldUp } from '../requests/provisioning-allowance';
import type { Cause, Replacement } from '../../../domain/replacement';
import type { Decision } from './decision';
import { causeOfRefill, earliestAfterFailures, isFailure } from './failure-backoff';
import { nextAct } from './backoff';
import { portExpiry, validPort } from '../data';

/**
 * The forwarded engine is a requirement of its own, whatever any count says.
 * @returns whether one of the wanted engines is, or soon will be, the forwarded one
 */
export function keepForwardedEngine(decision: Decision): boolean {
  const { data, port, now } = decision;
  const inWork = decision.unfinished.find((r) => r.target?.role === 'forwarded');
  if (decision.provisioningPossible && port !== null) {
    const right = decision.alive.filter((e) => e.role === 'forwarded' && e.p2pPort === port);
    const wrong = decision.alive.filter((e) => e.role === 'forwarded' && e.p2pPort !== port);
    if (inWork) {
      follow(decision, inWork, port);
      for (const extra of [...right, ...wrong]) decision.remove('surplus', engineRef(extra));
      return !isHeldUp(data, inWork);
    } else if (right.length > 0) {
      const keep = right.find((e) => e.ready) ?? right[0];
      const others = [...right, ...wrong].filter((e) => e !== keep);
      for (const extra of others) decision.remove('surplus', engineRef(extra));
    } else {
      return bringForwarded(decision, port, wrong);
    }
    return true;
  }
  if (inWork) return !isHeldUp(data, inWork);
  if (decision.alive.some((e) => e.role === 'forwarded')) return true;
  if (!decision.healthy) return false;
  // Until the port has been unknown for its whole time to live, a forwarded engine may still be on its way.
  const expiry = portExpiry(data);
  return validPort(data, now) !== null || expiry === null || now < expiry;
}

/** A provider's port may fall inside the engines' own ranges: who holds it makes room. */
function clearPort(decision: Decision, port: Port): void {
  for (const holder of decision.alive.filter((e) => e.role === 'plain' && [e.httpPort, e.httpsPort].includes(port))) {
    const again = decision.takeAllowance('port conflict', 'plain');
    const bringUp = again ? { role: 'plain' as const } : null;
    decision.act({ kind: 'replace', cause: 'port conflict', old: [engineRef(holder)], bringUp });
  }
  for (const { number, target } of decision.unfinished) {
    if (target?.role === 'plain' && [target.httpPort, target.httpsPort].includes(port)) {
      decision.act({ kind: 'retarget', number, p2pPort: null });
    }
  }
}

/** While the port keeps moving, an engine for a port of before is brought up all the same: better than none. */
function follow(decision: Decision, inWork: Replacement, port: Port): void {
  const { data, now } = decision;
  const moves = inWork.target?.p2pPort !== port;
  const earliest = moves ? nextAct(data.portChanges, data.settings.longestSpacingMs) : 0;
  if (now < earliest) {
    decision.wake(earliest);
    return;
  }
  clearPort(decision, port);
  if (moves) decision.act({ kind: 'retarget', number: inWork.number, p2pPort: port });
}

/** @returns whether there is one, though for another port, or will be one soon: the circuit breaker does not refuse it */
function bringForwarded(decision: Decision, port: Port, wrong: readonly Engine[]): boolean {
  const { data, failed, now } = decision;
  const lost = [...failed].find(([e]) => e.role === 'forwarded');
  const cause: Cause = wrong.length > 0 ? 'port changed' : (lost?.[1] ?? causeOfRefill(data, 'forwarded'));
  const earliest = isFailure(cause)
    ? earliestAfterFailures(data, 'forwarded', now)
    : cause === 'port changed'
      ? nextAct(data.portChanges, data.settings.longestSpacingMs)
      : 0;
  if (now < earliest) {
    decision.wake(earliest);
    return true;
  }
  if (!decision.takeAllowance(cause, 'forwarded')) return wrong.length > 0;
  const old = [...wrong, ...(lost ? [lost[0]] : [])];
  const reason = lost && cause === lost[1] ? decision.reasonOf(lost[0]) : null;
  if (lost) failed.delete(lost[0]);
  clearPort(decision, port);
  decision.act({
    kind: 'replace',
    cause,
    reason,
    old: old.map(engineRef),
    bringUp: { role: 'forwarded', p2pPort: port },
  });
  return true;
}
