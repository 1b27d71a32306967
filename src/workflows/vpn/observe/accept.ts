import { engineRef, type Instant } from '../../../domain/engine';
import { isOfIncarnation, label, replacementLabel } from '../../../domain/names';
import { isHealthy, type ObservedEngine, type Observation, type Snapshot } from '../../../domain/vpn/observation';
import { outagesAfter } from '../decide/recovery';
import { runningReplacements, type PortKnowledge, type VpnData } from '../data';
import type { VpnEvent } from '../events';
import type { VpnState } from '../state';
import { reconciled } from './container-reports';
import { engineStopped } from './engine-reports';
import { seenAtWork, signOfRival, standsAside } from './rival';
import { adopt, isNewSession, portLostAfter, refreshed, stillThere, vpnSeen } from './seen';
import { endStreamsOfGoneEngines } from './stream-reports';

/**
 * Takes an observation into the state, or throws it away if it was asked for too long ago.
 * @param revision of the state when it was asked for
 */
export function accept(state: VpnState, observation: Observation, revision: number, now: Instant): void {
  const before = state.data;
  if (revision < before.snapshotsFrom) return;
  if (observation.kind === 'unreachable') {
    state.update({ unreachable: observation });
    return;
  }
  const known = before.snapshot?.engines ?? [];
  const { snapshot, isDoubtful } = reconciled(observation, revision, before.reports, known);
  const seen = new Set(snapshot.engines.map((e) => e.id));
  const newSession = isNewSession(before, snapshot);
  const found = unaccounted(before, snapshot);
  const sign = signOfRival(before, found);
  state.update({
    ...vpnSeen(before, snapshot, now),
    ...outagesAfter(before, snapshot, now),
    unreachable: null,
    // The observation began after the worker's start. It is not enough while the first read of the port is pending.
    current: before.current || snapshot.port.kind !== 'pending',
    snapshot,
    snapshotRevision: revision,
    // Later observations are asked for after these reports.
    reports: [],
    engines: [...enginesAfter(before, snapshot, newSession), ...adopted(found, snapshot)],
    // An engine that a former incarnation of this workflow has evicted is not listed again, but released.
    evicted: [...before.evicted.filter((e) => seen.has(e.id)), ...found.filter((e) => e.evicted).map(engineRef)],
    sealed: before.sealed.filter((id) => seen.has(id)),
    leftOvers: before.leftOvers.filter((e) => seen.has(e.id)),
    rival: sign ? seenAtWork(before.rival, sign, now) : before.rival,
    pullError: snapshot.imagePresent ? null : before.pullError,
    rangeUsedUp: null,
  });
  for (const engine of before.evicted) if (!seen.has(engine.id)) engineStopped(state, engine, now);
  if (isDoubtful) state.raise();
  endStreamsOfGoneEngines(state, now);
  state.update({ portLost: portLostAfter(state.data, newSession) });
  for (const event of eventsOf(before, state.data, snapshot, newSession, now)) state.emit(event, now);
}

/** The events that an observation brings. @param after the state with the observation */
function eventsOf(before: VpnData, after: VpnData, snapshot: Snapshot, newSession: boolean, now: Instant): VpnEvent[] {
  const events: VpnEvent[] = [];
  const healthy = isHealthy(snapshot.vpn);
  if (before.snapshot === null || isHealthy(before.snapshot.vpn) !== healthy)
    events.push({ kind: 'VPN health', healthy });
  const { port, portLost, reconnectedAt } = after;
  if (portLost !== null && before.portLost === null) events.push({ kind: 'port lost', port: portLost.port });
  const back = portBack(before, port, now);
  if (back) events.push(back);
  const from = before.port.last;
  if (!newSession && from !== null && port.last !== null && from !== port.last) {
    const readAt = (snapshot.port.kind === 'known' ? snapshot.port.at : undefined) ?? null;
    events.push({ kind: 'port changed', from, to: port.last, readAt });
  }
  if (reconnectedAt !== null && reconnectedAt !== before.reconnectedAt)
    events.push({ kind: 'VPN reconnected', afterOutage: before.outageSince !== null });
  return events;
}

function portBack(before: VpnData, { last: port, knownSince }: PortKnowledge, now: Instant): VpnEvent | null {
  const { portLost, port: former } = before;
  if (port === null || knownSince === null) return null;
  if (portLost !== null)
    return { kind: 'port restored', from: portLost.port, port, lostForMs: Math.max(0, now - portLost.since) };
  if (former.unknownSince === null) return null;
  return { kind: 'port readable again', port, unreadableForMs: Math.max(0, now - former.unknownSince) };
}

/** The known engines, as the snapshot shows them. */
function enginesAfter(before: VpnData, snapshot: Snapshot, newSession: boolean) {
  const seen = new Map(snapshot.engines.map((e) => [e.id, e]));
  const engines = standsAside(before) ? stillThere(before.engines, seen) : before.engines;
  return engines.map((engine) => refreshed(engine, seen.get(engine.id), snapshot.vpn, newSession));
}

function adopted(found: readonly ObservedEngine[], { vpn }: Snapshot) {
  return found.filter((e) => !e.evicted).map((e) => adopt(e, vpn));
}

/**
 * Containers to be adopted: engines from before Portward, or of an incarnation that was lost. Where another Portward acts, also this
 * one's own engines that none of its replacements is working on.
 */
function unaccounted(data: VpnData, snapshot: Snapshot): ObservedEngine[] {
  const { engines, evicted, incarnation } = data;
  const known = new Set([...engines, ...evicted].map((e) => e.id));
  const inWork = new Set(runningReplacements(data).map((r) => replacementLabel(incarnation, r.number)));
  const isOurs = ({ labels }: ObservedEngine) =>
    standsAside(data) ? inWork.has(labels[label.replacement] ?? '') : isOfIncarnation(labels, incarnation);
  return snapshot.found.filter((e) => !known.has(e.id) && !isOurs(e));
}
