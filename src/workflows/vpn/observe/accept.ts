import { engineRef, type Instant, type Port } from '../../../domain/engine';
import { isOfLineage, label, replacementLabel } from '../../../domain/names';
import { isHealthy, type ObservedEngine, type Observation, type Sight } from '../../../domain/vpn/observation';
import { outagesAfter } from '../decide/recovery';
import { runningReplacements, type VpnData } from '../data';
import type { VpnState } from '../state';
import { reconciled } from './container-reports';
import { engineStopped } from './engine-reports';
import { seenAtWork, signOfRival, standsAside } from './rival';
import { adopt, isNewSession, portLostAfter, refreshed, stillThere, vpnSeen } from './seen';
import { endStreamsOfGoneEngines } from './stream-reports';

export interface PortChange {
  readonly from: Port;
  readonly to: Port;
}

/**
 * Takes an observation into the state; one that was asked for too long ago is thrown away.
 * @param revision under which it was asked for
 * @returns the change of the forwarded port, if it brought one
 */
export function accept(state: VpnState, observation: Observation, revision: number, now: Instant): PortChange | null {
  const before = state.data;
  if (revision < before.lookFrom) return null;
  if (observation.kind === 'blind') {
    state.update({ blind: observation });
    return null;
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
  const healthy = isHealthy(sight.vpn);
  if (before.sight === null || isHealthy(before.sight.vpn) !== healthy)
    state.tell({ kind: 'vpn_health', healthy }, now);
  followLoss(state, newSession, now);
  return portChange(state, before, newSession, now);
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

function followLoss(state: VpnState, newSession: boolean, now: Instant): void {
  const before = state.data.portLost;
  const portLost = portLostAfter(state.data, newSession);
  if (portLost === before) return;
  state.update({ portLost });
  const { last: port, knownSince } = state.data.port;
  if (portLost !== null) state.tell({ kind: 'port_lost', port: portLost.port }, now);
  else if (before !== null && port !== null && knownSince !== null)
    state.tell({ kind: 'port_restored', port, lostForMs: Math.max(0, now - before.since) }, now);
}

function portChange(state: VpnState, before: VpnData, newSession: boolean, now: Instant): PortChange | null {
  const from = before.port.last;
  const to = state.data.port.last;
  if (newSession || from === null || to === null || from === to) return null;
  state.tell({ kind: 'port_changed', from, to }, now);
  return { from, to };
}
