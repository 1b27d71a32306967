import { engineRef, type Engine, type Port } from '../../../domain/engine';
import { isHeldUp } from '../requests/provisioning-allowance';
import type { Cause, Replacement } from '../../../domain/replacement';
import type { Decision } from './decision';
import { causeOfRefill, earliestAfterFailures, isFailure } from './failure-backoff';
import { nextAct } from './backoff';
import { portExpiry, validPort } from '../data';

/**
 * Keeps exactly one forwarded engine on the VPN's port, whatever the target number of engines is.
 * @returns whether one of the wanted engines is the forwarded one, or soon will be
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
  // As long as the last port is valid, a forwarded engine may still come up; so it may until the first reads have failed for the port's TTL.
  const expiry = portExpiry(data);
  return validPort(data, now) !== null || expiry === null || now < expiry;
}

/** The forwarded port may lie in the engines' own port ranges: a plain engine that has it is moved. */
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

/** Moves a pending forwarded engine to the present port. During the backoff it comes up on its earlier port: that is better than none. */
function follow(decision: Decision, inWork: Replacement, port: Port): void {
  const { data, now } = decision;
  const moves = inWork.target?.p2pPort !== port;
  const earliest = moves ? nextAct(data.portChanges, data.settings.longestBackoffMs) : 0;
  if (now < earliest) {
    decision.wake(earliest);
    return;
  }
  clearPort(decision, port);
  if (moves) decision.act({ kind: 'retarget', number: inWork.number, p2pPort: port });
}

/** @returns whether there is a forwarded engine, be it on another port, or will be soon; false: the circuit breaker is open */
function bringForwarded(decision: Decision, port: Port, wrong: readonly Engine[]): boolean {
  const { data, failed, now } = decision;
  const lost = [...failed].find(([e]) => e.role === 'forwarded');
  const cause: Cause = wrong.length > 0 ? 'port changed' : (lost?.[1] ?? causeOfRefill(data, 'forwarded'));
  const earliest = isFailure(cause)
    ? earliestAfterFailures(data, 'forwarded', now)
    : cause === 'port changed'
      ? nextAct(data.portChanges, data.settings.longestBackoffMs)
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
