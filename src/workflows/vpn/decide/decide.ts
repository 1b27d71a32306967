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
  /** When to decide again even if nothing is seen to change; null: not by time alone. */
  readonly wakeAt: Instant | null;
  /** Only watching: whether something is undone. */
  readonly undone?: boolean;
}

/**
 * Compares what is with what should be. Looks at the whole state each time and remembers nothing, so that a change
 * which happened while everything was down is healed like any other.
 */
export function decide(data: VpnData, now: Instant): Plan {
  const { snapshot } = data;
  // A snapshot from before the latest action says nothing about what that action did.
  if (snapshot === null || data.retired || !hasUsableSnapshot(data)) return { actions: [], wakeAt: null };
  // Nor does one from before Docker went away, and nothing could be done now.
  if (data.unreachable !== null) return { actions: [], wakeAt: null };
  const decision = new Decision(data, snapshot, now);
  if (data.rival !== null) {
    const agingAt = agesAt(data.rival);
    if (agingAt !== null) decision.wake(agingAt);
    if (data.rival.phase === 'suspected') return { actions: [], wakeAt: decision.wakeAt };
    if (standsAside(data)) return watching(decision);
  }
  for (const engine of [...strays(decision), ...forsaken(decision)]) decision.remove('left over', engineRef(engine));
  // Who does not know all engines yet would make more of them.
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
  // A query sees the time of the last task: what is told of a storm has to have an end.
  for (const backoff of [data.portChanges, data.reconnects]) {
    if (isStorm(backoff, data.settings.longestSpacingMs, now)) decision.wake(calmAt(backoff) + 1);
  }
  return { actions: decision.actions, wakeAt: decision.wakeAt };
}

/** What something else has in the VPN's network may be had by it for ever: engines move on, as far as they may. */
function leaveTakenPorts({ data, unfinished, actions }: Decision): void {
  const taken = new Set(data.takenPorts.map(({ port }) => port));
  for (const { number, target } of unfinished) {
    const moves = actions.some((a) => a.kind === 'retarget' && a.number === number);
    if (!target || moves || target.isHttpPortGiven === true) continue;
    if (!taken.has(target.httpPort) && !taken.has(target.httpsPort)) continue;
    actions.push({ kind: 'retarget', number, p2pPort: target.p2pPort });
  }
}

/** Another Portward acts. */
function watching(decision: Decision): Plan {
  const undone = isUndone(decision);
  if (undone) decision.wake((decision.data.rival?.idleSince ?? decision.now) + IDLE_AT_MOST_MS);
  const due = nextRemedy(decision.data)?.at;
  if (due !== undefined) decision.wake(due);
  return { actions: [], wakeAt: decision.wakeAt, undone };
}

/** Containers that this workflow's replacements made and that no longer serve any of them. */
function strays({ data, snapshot }: Decision): EngineRef[] {
  const known = new Set([...data.engines, ...data.evicted].map((e) => e.id));
  const inWork = new Set(runningReplacements(data).map((r) => replacementLabel(data.lineage, r.number)));
  return snapshot.found.filter(
    (e) =>
      !known.has(e.id) && isOfIncarnation(e.labels, data.lineage) && !inWork.has(e.labels[label.replacement] ?? ''),
  );
}

/**
 * Evicted engines that are still there and that no replacement is releasing: theirs was terminated, or is of a former incarnation,
 * or has left what it could not remove to one that does nothing else.
 */
function forsaken({ data, snapshot }: Decision): EngineRef[] {
  const there = new Set(snapshot.engines.map((e) => e.id));
  const left = new Set(data.leftOvers.map((e) => e.id));
  const isAtWorkOn = ({ cause }: Replacement, { id }: EngineRef) => cause === 'left over' || !left.has(id);
  const inWork = new Set(
    runningReplacements(data).flatMap((r) => r.old.filter((e) => isAtWorkOn(r, e)).map((e) => e.id)),
  );
  return data.evicted.filter((e) => there.has(e.id) && !inWork.has(e.id));
}

/**
 * After an outage an engine's connections may be dead for good: one after the other is replaced, the forwarded one first.
 * Those that are beyond the wanted ones, and idle, go without a successor.
 */
function replaceAfterReconnect(decision: Decision, forwardedExpected: boolean): void {
  const { data, alive, port, now } = decision;
  const { reconnectedAt, settings } = data;
  if (!settings.replaceOnReconnect || reconnectedAt === null || !decision.provisioningPossible) return;
  // What this decision has begun may be about the same engines; the next snapshot goes on.
  if (decision.actions.length > 0) return;
  // Just after an outage the port has not been read yet, and without it the forwarded engine's turn would be passed over.
  if (decision.snapshot.port.kind === 'pending') return;
  const cutOff = alive.filter((e) => e.firstSeen < reconnectedAt);
  const forwarded = port === null ? undefined : cutOff.find((e) => e.role === 'forwarded' && e.p2pPort === port);
  const plain = alive.filter((e) => e.role === 'plain');
  const isSurplus = plain.length > plainWanted(data, forwardedExpected);
  const spare = !forwarded && isSurplus ? dispensable(decision, forwardedExpected) : [];
  const surplus = spare.find((e) => cutOff.includes(e));
  const next = forwarded ?? surplus ?? cutOff.find((e) => e.role === 'plain');
  if (!next) return;
  // One that fails again and again keeps only those of its own role from being replaced: they would fail like it.
  if (decision.unfinished.some((r) => r.lastError === null || r.target?.role === next.role)) return;
  // Health that comes and goes is a storm like any other; its first engine waits for its turn, the others follow it.
  const isFirst = data.reconnects.lastActed < reconnectedAt;
  const earliest = isFirst ? nextAct(data.reconnects, settings.longestSpacingMs) : 0;
  if (now < earliest) decision.wake(earliest);
  else if (surplus) decision.remove('VPN reconnected', engineRef(surplus));
  else if (decision.takeAllowance('VPN reconnected', next.role)) {
    const bringUp =
      next.role === 'plain' || port === null ? { role: 'plain' as const } : { role: next.role, p2pPort: port };
    decision.act({ kind: 'replace', cause: 'VPN reconnected', old: [engineRef(next)], bringUp });
  }
}

/** Tells replacements at work what the circuit breaker has come to. */
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
