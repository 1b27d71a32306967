import { engineRef, type EngineRef, type Instant } from '../../../domain/engine';
import { isOfIncarnation, label, replacementLabel } from '../../../domain/names';
import type { Replacement } from '../../../domain/replacement';
import { keepForwardedEngine } from './forwarded';
import { dispensable, keepPlainEngines, plainWanted } from './plain';
import { Decision, type Action } from './decision';
import { downAt } from '../pool-state';
import { heldUntil } from '../requests/provisioning-allowance';
import { calmAt, isStorm, nextAct } from './backoff';
import { nextRemedy } from './remedies';
import { agesAt, IDLE_AT_MOST_MS, isUndone, standsAside } from '../observe/rival';
import { hasUsableSnapshot, portExpiry, runningReplacements, type VpnData } from '../data';

export type { Action } from './decision';

export interface Plan {
  readonly actions: readonly Action[];
  /** When to decide again even if nothing changes; null: only after a change. */
  readonly wakeAt: Instant | null;
  /** Set only while another Portward acts: whether that leaves something undone. */
  readonly undone?: boolean;
}

/**
 * Compares what is with what should be. It reads the whole state each time and remembers nothing, so a change that happened while
 * Portward was down is handled like any other.
 */
export function decide(data: VpnData, now: Instant): Plan {
  const { snapshot } = data;
  // A snapshot from before the latest action does not show what that action did.
  if (snapshot === null || data.retired || !hasUsableSnapshot(data)) return { actions: [], wakeAt: null };
  // Nor does a snapshot from before Docker became unreachable, and nothing could be done now.
  if (data.unreachable !== null) return { actions: [], wakeAt: null };
  const decision = new Decision(data, snapshot, now);
  if (data.rival !== null) {
    const agingAt = agesAt(data.rival);
    if (agingAt !== null) decision.wake(agingAt);
    if (data.rival.phase === 'suspected') return { actions: [], wakeAt: decision.wakeAt };
    if (standsAside(data)) return watching(decision);
  }
  for (const engine of [...strays(decision), ...evictedUnreleased(decision)])
    decision.remove('left over', engineRef(engine));
  // The snapshot may lack engines: too many would be made in their place.
  if (!snapshot.complete) return { actions: decision.actions, wakeAt: null };
  const forwardedExpected = keepForwardedEngine(decision);
  leaveTakenPorts(decision);
  keepPlainEngines(decision, forwardedExpected);
  replaceAfterReconnect(decision, forwardedExpected);
  holdBack(decision);
  remedy(decision);
  const down = downAt(data);
  if (down !== null) decision.wake(down);
  const expiry = portExpiry(data);
  if (expiry !== null) decision.wake(expiry);
  // A query is answered as of the last workflow task: without a task at the end of a storm, views would go on showing the storm.
  for (const backoff of [data.portChanges, data.reconnects]) {
    if (isStorm(backoff, data.settings.longestBackoffMs, now)) decision.wake(calmAt(backoff) + 1);
  }
  return { actions: decision.actions, wakeAt: decision.wakeAt };
}

/** Something else may keep a taken port for ever: pending engines move to other ports, as far as they may. */
function leaveTakenPorts({ data, unfinished, actions }: Decision): void {
  const taken = new Set(data.takenPorts.map(({ port }) => port));
  for (const { number, target } of unfinished) {
    const moves = actions.some((a) => a.kind === 'retarget' && a.number === number);
    if (!target || moves || target.isHttpPortGiven === true) continue;
    if (!taken.has(target.httpPort) && !taken.has(target.httpsPort)) continue;
    actions.push({ kind: 'retarget', number, p2pPort: target.p2pPort });
  }
}

/** Another Portward acts: nothing is done. If that one leaves something undone for too long, it no longer counts as acting. */
function watching(decision: Decision): Plan {
  const undone = isUndone(decision);
  if (undone) decision.wake((decision.data.rival?.idleSince ?? decision.now) + IDLE_AT_MOST_MS);
  const due = nextRemedy(decision.data)?.at;
  if (due !== undefined) decision.wake(due);
  return { actions: [], wakeAt: decision.wakeAt, undone };
}

/** Containers that replacements of this workflow made and that none of them needs any more. */
function strays({ data, snapshot }: Decision): EngineRef[] {
  const known = new Set([...data.engines, ...data.evicted].map((e) => e.id));
  const inWork = new Set(runningReplacements(data).map((r) => replacementLabel(data.incarnation, r.number)));
  return snapshot.found.filter(
    (e) =>
      !known.has(e.id) && isOfIncarnation(e.labels, data.incarnation) && !inWork.has(e.labels[label.replacement] ?? ''),
  );
}

/**
 * Evicted engines that still exist and that no replacement is releasing. Their replacement was terminated, was of a former
 * incarnation, or could not remove them: the last is left to a replacement with the cause 'left over', which does nothing else.
 */
function evictedUnreleased({ data, snapshot }: Decision): EngineRef[] {
  const there = new Set(snapshot.engines.map((e) => e.id));
  const left = new Set(data.leftOvers.map((e) => e.id));
  const isAtWorkOn = ({ cause }: Replacement, { id }: EngineRef) => cause === 'left over' || !left.has(id);
  const inWork = new Set(
    runningReplacements(data).flatMap((r) => r.old.filter((e) => isAtWorkOn(r, e)).map((e) => e.id)),
  );
  return data.evicted.filter((e) => there.has(e.id) && !inWork.has(e.id));
}

/**
 * After an outage an engine's connections may be dead for good. So the engines are replaced one after the other, the forwarded one
 * first. Idle surplus engines are removed without a successor.
 */
function replaceAfterReconnect(decision: Decision, forwardedExpected: boolean): void {
  const { data, alive, port, now } = decision;
  const { reconnectedAt, settings } = data;
  if (!settings.replaceOnReconnect || reconnectedAt === null || !decision.provisioningPossible) return;
  // The other actions of this decision may concern the same engines: the decision after the next snapshot goes on.
  if (decision.actions.length > 0) return;
  // Just after an outage the port is not read yet. Without it a plain engine would be replaced before the forwarded one.
  if (decision.snapshot.port.kind === 'pending') return;
  const cutOff = alive.filter((e) => e.firstSeen < reconnectedAt);
  const forwarded = port === null ? undefined : cutOff.find((e) => e.role === 'forwarded' && e.p2pPort === port);
  const plain = alive.filter((e) => e.role === 'plain');
  const isSurplus = plain.length > plainWanted(data, forwardedExpected);
  const spare = !forwarded && isSurplus ? dispensable(decision, forwardedExpected) : [];
  const surplus = spare.find((e) => cutOff.includes(e));
  const next = forwarded ?? surplus ?? cutOff.find((e) => e.role === 'plain');
  if (!next) return;
  // One at a time. A replacement that keeps failing holds back only its own role: engines of that role would fail like it.
  if (decision.unfinished.some((r) => r.lastError === null || r.target?.role === next.role)) return;
  // Health that comes and goes is a storm, too. The first engine waits for the backoff, the others follow it.
  const isFirst = data.reconnects.lastActed < reconnectedAt;
  const earliest = isFirst ? nextAct(data.reconnects, settings.longestBackoffMs) : 0;
  if (now < earliest) decision.wake(earliest);
  else if (surplus) decision.remove('VPN reconnected', engineRef(surplus));
  else if (decision.takeAllowance('VPN reconnected', next.role)) {
    const bringUp =
      next.role === 'plain' || port === null ? { role: 'plain' as const } : { role: next.role, p2pPort: port };
    decision.act({ kind: 'replace', cause: 'VPN reconnected', old: [engineRef(next)], bringUp });
  }
}

/** Tells pending replacements until when the circuit breaker holds them back. */
function holdBack({ data, unfinished, actions }: Decision): void {
  for (const replacement of unfinished) {
    const until = heldUntil(data, replacement);
    if (until !== replacement.heldUntil) actions.push({ kind: 'hold', number: replacement.number, until });
  }
}

function remedy(decision: Decision): void {
  const next = nextRemedy(decision.data);
  if (next === null) return;
  if (decision.now < next.at) decision.wake(next.at);
  else decision.act({ kind: 'remedy', remedy: next.remedy });
}
