import { engineRef, type Instant } from '../../../domain/engine';
import { isOfLineage, label, replacementLabel } from '../../../domain/names';
import { isHealthy, type ObservedEngine, type Observation, type Sight } from '../../../domain/vpn/observation';
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
 * Takes an observation into the state; one that was asked for too long ago is thrown away.
 * @param revision under which it was asked for
 */
export function accept(state: VpnState, observation: Observation, revision: number, now: Instant): void {
  const before = state.data;
  if (revision < before.lookFrom) return;
  if (observation.kind === 'blind') {
    state.update({ blind: observation });
    return;
  }
  const known = before.sight?.engines ?? [];
  const { sight, reports, isDoubtful } = reconciled(observation, revision, before.reports, known);
  const seen = new Set(sight.engines.map((e) => e.id));
  const newSession = isNewSession(before, sight);
  const found = unaccounted(before, sight);
  const sign = signOfRival(before, found);
  state.update({
    ...vpnSeen(before, sight, now),
    ...outagesAfter(before, sight, now),
    blind: null,
    // It was begun after the worker said that it is there. Of a VPN whose port is still being read too little is known.
    current: before.current || sight.port.kind !== 'pending',
    sight,
    sightRevision: revision,
    reports,
    engines: [...enginesAfter(before, sight, newSession), ...adopted(found, sight)],
    // One that a former life of this workflow had evicted is not listed again, but released.
    evicted: [...before.evicted.filter((e) => seen.has(e.id)), ...found.filter((e) => e.evicted).map(engineRef)],
    sealed: before.sealed.filter((id) => seen.has(id)),
    leftOvers: before.leftOvers.filter((e) => seen.has(e.id)),
    rival: sign ? seenAtWork(before.rival, sign, now) : before.rival,
    pullError: sight.imagePresent ? null : before.pullError,
    rangeUsedUp: null,
  });
  for (const engine of before.evicted) if (!seen.has(engine.id)) engineStopped(state, engine, now);
  if (isDoubtful) state.raise();
  endStreamsOfGoneEngines(state, now);
  state.update({ portLost: portLostAfter(state.data, newSession) });
  for (const event of eventsOf(before, state.data, sight, newSession, now)) state.emit(event, now);
}

/** What an observation says has happened. @param after the state into which it was taken */
function eventsOf(before: VpnData, after: VpnData, sight: Sight, newSession: boolean, now: Instant): VpnEvent[] {
  const events: VpnEvent[] = [];
  const healthy = isHealthy(sight.vpn);
  if (before.sight === null || isHealthy(before.sight.vpn) !== healthy) events.push({ kind: 'VPN health', healthy });
  const { port, portLost, reconnectedAt } = after;
  if (portLost !== null && before.portLost === null) events.push({ kind: 'port lost', port: portLost.port });
  const back = portBack(before, port, now);
  if (back) events.push(back);
  const from = before.port.last;
  if (!newSession && from !== null && port.last !== null && from !== port.last) {
    const readAt = (sight.port.kind === 'known' ? sight.port.at : undefined) ?? null;
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

/** Those that were known, as they are now. */
function enginesAfter(before: VpnData, sight: Sight, newSession: boolean) {
  const seen = new Map(sight.engines.map((e) => [e.id, e]));
  const engines = standsAside(before) ? stillThere(before.engines, seen) : before.engines;
  return engines.map((engine) => refreshed(engine, seen.get(engine.id), sight.vpn, newSession));
}

function adopted(found: readonly ObservedEngine[], { vpn }: Sight) {
  return found.filter((e) => !e.evicted).map((e) => adopt(e, vpn));
}

/**
 * Containers that nobody knows yet: engines from before Portward, or from a life of its own that was lost. Where another
 * Portward acts, also those that this one has no more use for.
 */
function unaccounted(data: VpnData, sight: Sight): ObservedEngine[] {
  const { engines, evicted, lineage } = data;
  const known = new Set([...engines, ...evicted].map((e) => e.id));
  const inWork = new Set(runningReplacements(data).map((r) => replacementLabel(lineage, r.number)));
  const isOurs = ({ labels }: ObservedEngine) =>
    standsAside(data) ? inWork.has(labels[label.replacement] ?? '') : isOfLineage(labels, lineage);
  return sight.found.filter((e) => !known.has(e.id) && !isOurs(e));
}
