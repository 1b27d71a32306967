import {
  engineRef,
  type ContainerId,
  type EngineRef,
  type Instant,
  type ListedEngine,
  type Port,
} from '../../domain/engine';
import type { EngineLists } from '../../domain/vpn/listing';
import { isOfLineage, label, replacementLabel } from '../../domain/names';
import type { Happening } from '../../domain/news';
import { isHealthy, session, type ObservedEngine, type Observation, type Sight } from '../../domain/vpn/observation';
import type {
  AttemptFailed,
  Cause,
  EngineExtras,
  EngineLeft,
  EngineMade,
  EngineReady,
  LeaveAsked,
  Replacement,
  ReplacementEnded,
  Target,
} from '../../domain/replacement';
import type { BreakerKey, BreakerKind } from '../../domain/vpn/breaker';
import type { VpnSettings } from '../../domain/settings';
import { busyEngines, type StreamEvent } from '../../domain/streams/stream';
import { breakerKey, breakerKeys, reset, withBreaker, withEngineUp, withFailure } from './decide/breaker';
import { answering, reconciled, without, withReports } from './observe/container-reports';
import { decide, type Action } from './decide/decide';
import { chosenBy, joinedBy, refusal, type ForceRequest } from './requests/forcing';
import { unbornEngine, unbornEngines, type Unborn } from './requests/give-up';
import { hidden, listing } from './views/listing';
import { draining } from './decide/drain';
import { inBrief } from './requests/extras-in-brief';
import type { ProvisionRequest } from './messages';
import { engineNews, withNews } from './report/news';
import { poolFacts, targetOf } from './pool-facts';
import { replacesOnMove } from './views/on-move';
import { PortRangeUsedUp } from './decide/ports';
import { heldUntil, isForwardedPortTaken } from './requests/provisioning-allowance';
import { outagesAfter } from './decide/recovery';
import { actedOn } from './decide/recurrence';
import { begun, ended, failing, type Remedy, type RemedyFailure } from './decide/remedies';
import { provisioningRefusal } from './requests/eligibility';
import { aged, seenAtWork, signOfRival, standsAside } from './observe/rival';
import {
  adopt,
  isNewSession,
  portLostAfter,
  reconnectedByRemedy,
  refreshed,
  stillThere,
  vpnSeen,
} from './observe/seen';
import {
  lettingGoOf,
  movedTarget,
  numbered,
  renewedTarget,
  senderOf,
  withBegun,
  withChanged,
  type ReplacementOrder,
} from './replacements';
import { reported, withoutEngines } from './streams';
import { avoidedAt, avoiding, mayMove } from './observe/taken-ports';
import { timelineAfter, withEnded, withoutWorker } from './report/timeline';
import { bootingEngines, findEngine, hasLooked, runningReplacements, unfinishedTargets, type VpnData } from './data';

const FORMER_LIVES_AT_MOST = 20;

/** What the workflow has to do outside its state after a decision. */
export type Effect =
  | { readonly kind: 'start'; readonly replacement: Replacement }
  | { readonly kind: 'retarget'; readonly replacement: Replacement; readonly target: Target }
  | { readonly kind: 'hold'; readonly replacement: Replacement; readonly until: Instant | null }
  | { readonly kind: 'abandon'; readonly replacement: Replacement }
  | { readonly kind: 'draining'; readonly replacement: Replacement; readonly engines: readonly ContainerId[] }
  | { readonly kind: 'leave'; readonly replacement: Replacement; readonly engines: readonly ContainerId[] }
  | { readonly kind: 'remedy'; readonly remedy: Remedy };

/** `effect` is null where it had begun already. */
export interface Begun {
  readonly replacement: Replacement;
  readonly effect: Effect | null;
}

export interface PortChange {
  readonly from: Port;
  readonly to: Port;
}

/**
 * The state of one VPN and every way in which it changes. Deterministic and free of Temporal: the workflow feeds it
 * observations and messages, and carries out the effects it returns.
 */
export class VpnState {
  private listed: string;

  constructor(private current: VpnData) {
    this.listed = this.fingerprint(current.sight?.at ?? 0);
  }

  get data(): VpnData {
    return this.current;
  }

  /**
   * Takes in what a look at the world brought; one that was asked for too long ago is thrown away.
   * Returns the change of the forwarded port, if it brought one.
   */
  accept(seenNow: Observation, revision: number, now: Instant): PortChange | null {
    const before = this.current;
    if (revision < before.lookFrom) return null;
    if (seenNow.kind === 'blind') {
      this.update({ blind: seenNow });
      return null;
    }
    const known = before.sight?.engines ?? [];
    const { sight: observation, reports, isDoubtful } = reconciled(seenNow, revision, before.reports, known);
    const seen = new Map(observation.engines.map((e) => [e.id, e]));
    const { vpn } = observation;
    const newSession = isNewSession(before, observation);
    const engines = standsAside(before) ? stillThere(before.engines, seen) : before.engines;
    const kept = engines.map((engine) => refreshed(engine, seen.get(engine.id), vpn, newSession));
    const found = this.unaccounted(observation);
    const sign = signOfRival(before, found);
    const adopted = found.filter((e) => !e.evicted).map((e) => adopt(e, vpn));
    this.update({
      ...vpnSeen(before, observation, now),
      ...outagesAfter(before, observation, now),
      blind: null,
      // It was begun after the worker said that it is there. Of a VPN whose port is still being read too little is known.
      current: before.current || observation.port.kind !== 'pending',
      sight: observation,
      sightRevision: revision,
      reports,
      engines: [...kept, ...adopted],
      // One that a former life of this workflow had evicted is not listed again, but let go of.
      evicted: [...before.evicted.filter((e) => seen.has(e.id)), ...found.filter((e) => e.evicted).map(engineRef)],
      sealed: before.sealed.filter((id) => seen.has(id)),
      leftOvers: before.leftOvers.filter((e) => seen.has(e.id)),
      rival: sign ? seenAtWork(before.rival, sign, now) : before.rival,
      pullError: observation.imagePresent ? null : before.pullError,
      rangeUsedUp: null,
    });
    this.tellStopped(
      before.evicted.filter((e) => !seen.has(e.id)),
      now,
    );
    if (isDoubtful) this.raise();
    this.endStreamsOfLostEngines(now);
    const healthy = isHealthy(vpn);
    if (before.sight === null || isHealthy(before.sight.vpn) !== healthy)
      this.tell({ kind: 'vpn_health', healthy }, now);
    this.followLoss(newSession, now);
    const from = before.port.last;
    const to = this.current.port.last;
    if (newSession || from === null || to === null || from === to) return null;
    this.tell({ kind: 'port_changed', from, to }, now);
    return { from, to };
  }

  /** Decides, and takes the decision into state; the effects are still to be carried out. */
  act(now: Instant): { effects: Effect[]; wakeAt: Instant | null } {
    this.update(avoidedAt(this.current, now));
    this.countSurplus(now);
    const { rival } = this.current;
    if (rival) this.update({ rival: aged(rival, this.current, now) });
    const effects: Effect[] = [...this.standAside(now), ...this.drains(), ...this.leaves(now)];
    const { actions, wakeAt, undone } = decide(this.current, now);
    if (undone !== undefined) this.noteUndone(undone, now);
    // It is heard by a decision that could see every engine; none is surplus while another one is being brought up.
    const heard = hasLooked(this.current) && unfinishedTargets(this.current).length === 0;
    if (this.current.collecting && heard) this.update({ collecting: false });
    let again = wakeAt;
    for (const action of actions) {
      try {
        effects.push(this.take(action, now));
      } catch (error) {
        if (!(error instanceof PortRangeUsedUp)) throw error;
        this.update({ rangeUsedUp: error.message });
        // Ports come free when an engine ends; a look at the world after that decides again.
        again = Math.min(again ?? Infinity, now + this.current.settings.checkIntervalMs);
      }
    }
    return { effects, wakeAt: again };
  }

  /** Another Portward brings up what is wanted: what is on its way here would be in its way. */
  private standAside(now: Instant): Effect[] {
    if (!standsAside(this.current)) return [];
    return unbornEngines(this.current).flatMap((unborn) => this.giveUp(unborn, now).effect ?? []);
  }

  private noteUndone(undone: boolean, now: Instant): void {
    const { rival } = this.current;
    const idleSince = undone ? (rival?.idleSince ?? now) : null;
    if (rival && rival.idleSince !== idleSince) this.update({ rival: { ...rival, idleSince } });
  }

  /** A replacement of a former life of this workflow has said something. */
  heardFrom(lineage: string): void {
    const { formerLives, rival } = this.current;
    if (formerLives.includes(lineage)) return;
    this.update({
      formerLives: [...formerLives, lineage].slice(-FORMER_LIVES_AT_MOST),
      rival: rival?.lineage === lineage ? null : rival,
    });
    this.raise();
  }

  /**
   * A replacement that someone asks for. One already running for that engine is joined, a repeated request id
   * is the same replacement.
   * @throws Error that says why there is nothing to replace
   */
  force(request: ForceRequest, now: Instant): Begun {
    const joined = joinedBy(this.current, request);
    if (joined) return { replacement: joined, effect: null };
    const refused = this.refusal(request, now);
    if (refused !== null) throw new Error(refused);
    const engine = chosenBy(this.current, request);
    if (!engine) throw new Error(`no engine to replace on VPN '${this.current.settings.vpn}'`);
    const reading = this.current.sight?.port;
    const p2pPort = (reading?.kind === 'known' ? reading.port : this.current.port.last) ?? engine.p2pPort;
    const { role } = engine;
    const bringUp = { role, p2pPort: role === 'forwarded' ? p2pPort : null };
    const { reason, requestId } = request;
    const replacement = this.begin({ cause: 'forced', old: [engineRef(engine)], bringUp, reason, requestId }, now);
    return { replacement, effect: { kind: 'start', replacement } };
  }

  /** Why a forced replacement can't be begun now, or null. */
  refusal(request: ForceRequest, now: Instant): string | null {
    return refusal(this.current, request, now);
  }

  /** An engine that someone asks for, beyond those that are kept anyway. @throws Error that says why there can be none */
  provision(request: ProvisionRequest, now: Instant): Begun {
    const joined = this.current.replacements.find((r) => r.requestId === request.requestId);
    if (joined) return { replacement: joined, effect: null };
    const refused = this.provisioningRefusal(request, now);
    if (refused !== null) throw new Error(refused);
    const { labels, sealedEnv, httpPort, requestId } = request;
    const extras: EngineExtras = { labels, sealedEnv };
    const bringUp = { role: 'plain' as const, p2pPort: null, extras: inBrief(extras), httpPort };
    const replacement = this.begin({ cause: 'requested', old: [], bringUp, requestId }, now);
    const target = replacement.target && { ...replacement.target, extras };
    return { replacement, effect: { kind: 'start', replacement: { ...replacement, target } } };
  }

  /** Why an engine can't be brought up now for someone who asks, or null. */
  provisioningRefusal(request: ProvisionRequest, now: Instant): string | null {
    if (this.current.replacements.find((r) => r.requestId === request.requestId)) return null;
    return provisioningRefusal(this.current, request, now);
  }

  /** Whether it is an engine that can be removed, or that a replacement lets go of or has let go of. */
  has(idOrName: string): boolean {
    return (
      findEngine(this.current, idOrName) !== undefined ||
      unbornEngine(this.current, idOrName) !== undefined ||
      lettingGoOf(this.current, idOrName) !== undefined
    );
  }

  /** Removes an engine that someone does not want. What is lacking then is made up for. @throws Error when there is none */
  remove(idOrName: string, now: Instant): Begun {
    const engine = findEngine(this.current, idOrName);
    const joined = engine ? undefined : lettingGoOf(this.current, idOrName);
    if (joined) return { replacement: joined, effect: null };
    const unborn = engine ? undefined : unbornEngine(this.current, idOrName);
    if (unborn) return this.giveUp(unborn, now);
    if (!engine) throw new Error(`no engine '${idOrName}' on VPN '${this.current.settings.vpn}'`);
    const replacement = this.begin({ cause: 'removed', old: [engineRef(engine)], bringUp: null }, now);
    return { replacement, effect: { kind: 'start', replacement } };
  }

  /** What proxies and the worker report of streams. @returns how many that begin could not be kept */
  streamsReported(events: readonly StreamEvent[], now: Instant): number {
    const { streams, used, refused } = reported(this.current.streams, events, this.present(), now);
    if (used.size === 0) return refused;
    const engines = this.current.engines.map((e) => (used.has(e.id) ? { ...e, lastUsedAt: now } : e));
    this.update({ streams, engines, streamVersion: this.current.streamVersion + 1 });
    return refused;
  }

  /** How many engines the fleet wants here. */
  setTarget(engines: number): void {
    const before = targetOf(this.current);
    if (engines === this.current.fleetTarget) return;
    const toAdd = Math.max(0, this.current.toAdd + engines - before);
    this.update({ fleetTarget: engines, toAdd });
  }

  collectGarbage(): void {
    this.update({ collecting: true });
    this.advance();
  }

  /** Up to which of its news everybody who wants to be told has been told. */
  wasNotified(number: number): void {
    this.update({ notified: number });
  }

  /** The new engine has a container. */
  engineMade({ lineage, number, generation, id, name }: EngineMade, now: Instant): void {
    const replacement = senderOf(this.current, { lineage, number });
    if (replacement?.state !== 'running' || replacement.target?.generation !== generation) return;
    if (replacement.made?.id === id) return;
    this.change(replacement, { made: { id, name }, madeAt: now });
    const { p2pPort } = replacement.target;
    this.tell(engineNews('engine_provisioned', { id, name, p2pPort }, replacement.cause), now);
  }

  /** The engine answers: it is listed from now on. Null: it came up for a target that is no longer wanted. */
  engineReady(message: EngineReady, now: Instant): Replacement | null {
    const replacement = senderOf(this.current, message);
    if (replacement?.state !== 'running' || replacement.readyAt !== null) return null;
    if (replacement.target?.generation !== message.generation) return null;
    const { id, name } = message.engine;
    const key = breakerKey(replacement.cause, replacement.target.role);
    const { sight } = this.current;
    // Its VPN may have been started again since it was made.
    const cutOff = sight !== null && message.session !== session(sight.vpn);
    // Who asked for it may have reported a stream while it booted.
    const lastUsedAt = busyEngines(this.current).has(id) ? now : message.engine.lastUsedAt;
    this.update({
      engines: [...this.current.engines, { ...message.engine, firstSeen: now, lastUsedAt, cutOff }],
      breakers: withEngineUp(this.current.breakers, key, now),
    });
    this.said([id], true);
    if (sight) {
      const others = sight.engines.filter((e) => e.id !== id);
      this.update({ sight: { ...sight, engines: [...others, answering(message.engine, message.session)] } });
    }
    // The signal that it was made may come later, or never.
    this.engineMade({ ...message, id, name }, now);
    this.tell(engineNews('engine_ready', message.engine, replacement.cause), now);
    const made = numbered(this.current, replacement.number);
    const madeAt = message.engine.run ?? made.madeAt ?? now;
    return this.change(made, { madeAt, readyAt: now, newEngine: { id, name } });
  }

  /** A replacement is about to stop an engine, and may do so once that has no stream. */
  leaveAsked({ lineage, number, engine }: LeaveAsked): void {
    const replacement = senderOf(this.current, { lineage, number });
    if (replacement?.state !== 'running' || replacement.leaveAsked.includes(engine)) return;
    this.change(replacement, { leaveAsked: [...replacement.leaveAsked, engine] });
    this.advance();
  }

  /** Docker does not remove it: it stays evicted, and its replacement goes on without it. */
  engineLeft({ lineage, number, engine, generation, reason }: EngineLeft): Effect | null {
    const replacement = senderOf(this.current, { lineage, number });
    const { evicted, leftOvers } = this.current;
    if (!replacement || leftOvers.some((e) => e.id === engine.id && e.reason === reason)) return null;
    const leftOver = { id: engine.id, name: engine.name, reason };
    this.update({
      evicted: evicted.some((e) => e.id === engine.id) ? evicted : [...evicted, engineRef(engine)],
      leftOvers: [...leftOvers.filter((e) => e.id !== engine.id), leftOver],
    });
    this.raise();
    const { state, readyAt, target: before } = replacement;
    if (state !== 'running' || readyAt !== null || before === null || before.generation !== generation) return null;
    // The next attempt needs another name, and ports that this one may hold.
    const target = renewedTarget(this.current, replacement);
    return { kind: 'retarget', replacement: this.change(replacement, { target, made: null }), target };
  }

  replacementEnded(message: ReplacementEnded, now: Instant): Replacement | null {
    const replacement = senderOf(this.current, message);
    if (replacement?.state !== 'running') return null;
    // One that was told to give its engine up may have brought it up before it heard.
    if (replacement.target !== null && replacement.target.generation !== message.generation) return null;
    // Then that engine is there, though it was given to the replacement to be let go of.
    if (replacement.target === null && message.generation !== null) this.raise();
    else this.released(replacement, now);
    const whole = numbered(this.current, replacement.number);
    return this.change(whole, { state: 'completed', endedAt: now, failedAttempts: message.failedAttempts });
  }

  /** Its old engines are gone, and those that it has made in vain, but for what Docker does not remove. */
  private released({ old, number }: Replacement, now: Instant): void {
    const { sight, engines, evicted, sealed, leftOvers, lineage } = this.current;
    const isGone = ({ id }: Pick<EngineRef, 'id'>) =>
      old.some((e) => e.id === id) && !leftOvers.some((e) => e.id === id);
    const stays = (engine: Pick<EngineRef, 'id'>) => !isGone(engine);
    const gone = evicted.filter(isGone);
    this.said(
      gone.map((e) => e.id),
      false,
    );
    this.tellStopped(gone, now);
    const told = new Set([...engines, ...evicted].map((e) => e.id));
    const own = replacementLabel(lineage, number);
    const inVain = sight?.found.filter((e) => e.labels[label.replacement] === own && !told.has(e.id)) ?? [];
    this.update({
      evicted: evicted.filter(stays),
      sealed: sealed.filter((id) => stays({ id })),
      sight: sight && without(sight, new Set([...old.filter(isGone), ...inVain].map((e) => e.id))),
    });
    this.endStreamsOfLostEngines(now);
  }

  private tellStopped(engines: readonly EngineRef[], now: Instant): void {
    for (const engine of engines) {
      const replacement = lettingGoOf(this.current, engine.id);
      this.tell(engineNews('engine_stopped', engine, replacement?.cause ?? 'left over'), now);
      if (replacement) this.change(replacement, { goneAt: now });
    }
  }

  /** A replacement has brought these up, or has removed them. */
  private said(containers: readonly ContainerId[], there: boolean): void {
    this.advance();
    const { reports, revision } = this.current;
    this.update({ reports: withReports(reports, containers, { there, revision }) });
  }

  /**
   * Who has asked for an engine that does not come up asks again: it is not tried for ever, in the way of all others.
   * @returns the circuit breaker that it has opened, or opened again
   */
  attemptFailed(message: AttemptFailed, now: Instant): { opened: BreakerKey | null; effect: Effect | null } {
    const found = senderOf(this.current, message);
    if (found?.state !== 'running') return { opened: null, effect: null };
    const { failedAttempts, error: lastError, taken } = message;
    if (!message.provisioning) {
      this.change(found, { failedAttempts, lastError });
      return { opened: null, effect: null };
    }
    // Its container has been removed by then.
    if (found.made !== null && found.target !== null)
      this.tell(engineNews('engine_stopped', { ...found.made, p2pPort: found.target.p2pPort }, found.cause), now);
    const replacement = this.change(found, { failedAttempts, lastError, made: null, taken });
    const opened = message.countsForBreaker ? this.countFailure(replacement, now) : null;
    if (taken) this.update(avoiding(this.current, taken.ports, replacement.target, now));
    if (taken) this.raise();
    const moves = taken !== null && mayMove(replacement.target);
    if (replacement.cause !== 'requested' || replacement.target === null || moves) return { opened, effect: null };
    this.raise();
    const abandoned = this.change(replacement, { target: null });
    return { opened, effect: { kind: 'abandon', replacement: abandoned } };
  }

  private countFailure({ cause, target }: Replacement, now: Instant): BreakerKey | null {
    if (!target) return null;
    const key = breakerKey(cause, target.role);
    const { breakers, settings } = this.current;
    const breaker = withFailure(breakers[key.role][key.kind], settings.breakers[key.kind], now);
    this.update({ breakers: withBreaker(breakers, key, breaker) });
    if (breaker.openedAt === null) return null;
    this.raise();
    return key;
  }

  /** As if nothing had failed. */
  resetBreaker(kinds: readonly BreakerKind[]): void {
    const meant = breakerKeys.filter(({ kind }) => kinds.includes(kind));
    const all = this.current.breakers;
    const breakers = meant.reduce((so, key) => withBreaker(so, key, reset(all[key.role][key.kind])), all);
    this.update({ breakers });
    this.raise();
  }

  /** An attempt of the remedy at work has failed, or takes long, and it goes on. */
  remedyFailing(remedy: Remedy, failure: RemedyFailure): void {
    this.update({ remedies: failing(this.current.remedies, remedy, failure) });
  }

  /** @param failure null: it was done, or did not need to be */
  remedyEnded(remedy: Remedy, failure: RemedyFailure | null, now: Instant): void {
    const { port, remedies } = this.current;
    // That one stopped it to run it again is over, whatever the last look caught of it.
    const stopped =
      remedy.kind === 'restart VPN' && failure?.kind !== 'failed' ? failure?.kind === 'VPN stopped' : port.stopped;
    this.update({
      remedies: ended(remedies, remedy, failure, now),
      port: { ...port, stopped },
      ...(remedy.kind === 'restart VPN' && failure === null ? reconnectedByRemedy(this.current, now) : {}),
    });
    this.raise();
  }

  /** The replacement's workflow is not there any more: what it left is found by the next look. */
  lost(number: number, now: Instant): void {
    const replacement = this.current.replacements.find((r) => r.number === number);
    if (replacement?.state !== 'running') return;
    this.raise();
    this.change(replacement, { state: 'lost', endedAt: now });
  }

  /** @param start of the worker that says it: another one begins with a look of its own; null: nobody knows which */
  configure(settings: VpnSettings, start: string | null, now: Instant): void {
    const { remedies, workerStart } = this.current;
    if (start === null || start !== workerStart) {
      this.update({ workerStart: start, current: false, timeline: withoutWorker(this.current.timeline, now) });
      this.raise();
    }
    // Sent by each worker that starts, perhaps with the keys whose lack has made it fail.
    const { last, vpnRestarts } = remedies;
    if (last?.remedy.kind === 'restart VPN' && last.error !== null && vpnRestarts > 0) {
      this.update({ remedies: { ...remedies, vpnRestarts: 0 } });
      this.raise();
    }
    if (JSON.stringify(settings) === JSON.stringify(this.current.settings)) return;
    this.update({ settings });
    this.raise();
  }

  /** Why the image can't be had, until it is there. */
  pullFailed(error: string): void {
    this.update({ pullError: error });
  }

  retire(): void {
    this.update({ retired: true });
    this.raise();
  }

  /** Brings the list's version up to date; called when state has changed or time may have changed the list. */
  publish(now: Instant): void {
    this.update({ timeline: timelineAfter(this.current, now) });
    const fingerprint = this.fingerprint(now);
    if (fingerprint === this.listed) return;
    this.listed = fingerprint;
    this.update({ listVersion: this.current.listVersion + 1 });
  }

  get versions(): { readonly engines: string; readonly streams: string } {
    const { lineage, listVersion, streamVersion } = this.current;
    return { engines: `${lineage}:${listVersion}`, streams: `${lineage}:${streamVersion}` };
  }

  lists(now: Instant): EngineLists {
    const { retired, current } = this.current;
    const listed = this.list(now);
    return {
      listed,
      hidden: retired ? [] : hidden(this.current, listed ?? []),
      current,
      replacesOnMove: replacesOnMove(this.current, now),
    };
  }

  /** Nothing once it is retired: who still asks would be told of engines that nobody watches. */
  list(now: Instant): ListedEngine[] | null {
    return this.current.retired ? [] : listing(this.current, now);
  }

  private fingerprint(now: Instant): string {
    // When its run began is nothing that a list shows.
    return JSON.stringify(this.lists(now), (name, value: unknown) => (name === 'run' ? undefined : value));
  }

  /** Those that are there, and may have streams: engines, those that boot and, until Docker no longer shows them or has only stopped them, those that are let go. */
  private present(): Set<ContainerId> {
    const { engines, evicted, sealed, leftOvers, sight } = this.current;
    const stopped = new Set(sight?.engines.filter((e) => !e.running).map((e) => e.id));
    const serving = evicted.filter(
      ({ id }) => !sealed.includes(id) && !(stopped.has(id) && leftOvers.some((e) => e.id === id)),
    );
    return new Set([...engines, ...serving, ...bootingEngines(this.current)].map((e) => e.id));
  }

  private followLoss(newSession: boolean, now: Instant): void {
    const before = this.current.portLost;
    const portLost = portLostAfter(this.current, newSession);
    if (portLost === before) return;
    this.update({ portLost });
    const { last: port, knownSince } = this.current.port;
    if (portLost !== null) this.tell({ kind: 'port_lost', port: portLost.port }, now);
    else if (before !== null && port !== null && knownSince !== null)
      this.tell({ kind: 'port_restored', port, lostForMs: Math.max(0, now - before.since) }, now);
  }

  private endStreamsOfLostEngines(now: Instant): void {
    const streams = withoutEngines(this.current.streams, this.present(), now);
    if (streams !== this.current.streams) this.update({ streams, streamVersion: this.current.streamVersion + 1 });
  }

  private tell(happening: Happening, at: Instant): void {
    this.update({ news: withNews(this.current.news, this.current.notified, happening, at) });
  }

  private countSurplus(now: Instant): void {
    const { engines = 0, target = 0 } = poolFacts(this.current, now) ?? {};
    const { surplusSince, toAdd } = this.current;
    const since = engines > target ? (surplusSince ?? now) : null;
    if (since !== surplusSince) this.update({ surplusSince: since });
    if (toAdd > 0 && toAdd > target - engines) this.update({ toAdd: Math.max(0, target - engines) });
  }

  /** What replacements have to hear of the streams on the engines that they let go of. */
  private drains(): Effect[] {
    return runningReplacements(this.current).flatMap((replacement): Effect[] => {
      const { cause, old, leave } = replacement;
      const engines = draining(this.current, cause, old, leave);
      if (engines.join() === replacement.draining.join()) return [];
      return [{ kind: 'draining', replacement: this.change(replacement, { draining: engines }), engines }];
    });
  }

  /** Who is given leave hears of no later stream: none begins any more. */
  private leaves(now: Instant): Effect[] {
    return runningReplacements(this.current).flatMap((replacement): Effect[] => {
      const { leaveAsked, draining: busy } = replacement;
      const engines = leaveAsked.filter((id) => !busy.includes(id));
      if (engines.length === 0) return [];
      const left = leaveAsked.filter((id) => busy.includes(id));
      this.update({ sealed: [...this.current.sealed, ...engines.filter((id) => !this.current.sealed.includes(id))] });
      this.endStreamsOfLostEngines(now);
      return [{ kind: 'leave', replacement: this.change(replacement, { leaveAsked: left }), engines }];
    });
  }

  private update(change: Partial<VpnData>): void {
    this.current = { ...this.current, ...change };
  }

  /** Something has been begun or has ended, all of which is in the state: an observation at work goes on. */
  private advance(): void {
    this.update({ revision: this.current.revision + 1 });
  }

  /** Something has happened of which only a look from now on tells what it has come to. */
  private raise(): void {
    this.advance();
    this.update({ lookFrom: this.current.revision });
  }

  private change(replacement: Replacement, change: Partial<Replacement>): Replacement {
    const changed = { ...replacement, ...change };
    this.update({ replacements: withChanged(this.current, changed) });
    if (changed.state !== 'running' && replacement.state === 'running')
      this.update({ timeline: withEnded(this.current.timeline, changed) });
    return changed;
  }

  private take(action: Action, now: Instant): Effect {
    switch (action.kind) {
      case 'replace': {
        const { cause, old, reason = null } = action;
        const bringUp = action.bringUp && { p2pPort: null, ...action.bringUp };
        const replacement = this.begin({ cause, old, bringUp, reason }, now);
        this.remember(action.cause, now);
        return { kind: 'start', replacement };
      }
      case 'retarget':
        return this.retarget(numbered(this.current, action.number), action.p2pPort, now);
      case 'hold': {
        const replacement = this.change(numbered(this.current, action.number), { heldUntil: action.until });
        return { kind: 'hold', replacement, until: action.until };
      }
      case 'remedy': {
        const remedy: Remedy = { ...action.remedy, startedAt: now };
        this.update({ remedies: begun(this.current.remedies, remedy) });
        this.raise();
        return { kind: 'remedy', remedy };
      }
    }
  }

  /** Counts what is spaced further and further apart while it keeps coming. */
  private remember(cause: Cause, now: Instant): void {
    const { portChanges, reconnects, reconnectedAt } = this.current;
    if (cause === 'port changed') this.update({ portChanges: actedOn(portChanges, now) });
    if (cause === 'VPN reconnected' && reconnects.lastActed < (reconnectedAt ?? 0))
      this.update({ reconnects: actedOn(reconnects, now) });
  }

  private retarget(replacement: Replacement, p2pPort: Port | null, now: Instant): Effect {
    const target = movedTarget(this.current, replacement, p2pPort);
    const hasMoved = p2pPort !== replacement.target?.p2pPort;
    if (hasMoved) this.remember('port changed', now);
    this.advance();
    const taken = hasMoved || !isForwardedPortTaken(replacement) ? null : replacement.taken;
    return { kind: 'retarget', replacement: this.change(replacement, { target, made: null, taken }), target };
  }

  /** Nobody waits for that engine any more. It is evicted like any other until its replacement has discarded it. */
  private giveUp({ replacement, target, engine }: Unborn, now: Instant): Begun {
    if (engine !== null) {
      this.tell(engineNews('engine_evicted', engine, 'removed'), now);
      this.update({ evicted: [...this.current.evicted, engine] });
    }
    this.raise();
    const old = engine === null ? replacement.old : [...replacement.old, engine];
    const { role, httpPort, httpsPort } = target;
    const abandoned = this.change(replacement, { target: null, old, givenUp: { role, httpPort, httpsPort } });
    return { replacement: abandoned, effect: { kind: 'abandon', replacement: abandoned } };
  }

  private begin(order: ReplacementOrder, now: Instant): Replacement {
    const { data, replacement } = withBegun(this.current, order, now);
    this.current = data;
    for (const engine of order.old) this.tell(engineNews('engine_evicted', engine, order.cause), now);
    this.advance();
    return replacement.target ? this.change(replacement, { heldUntil: heldUntil(data, replacement) }) : replacement;
  }

  /**
   * Containers that nobody knows yet: engines from before Portward, or from a life of its own that was lost. Where another
   * Portward acts, those of this one, too, that it has no more use for: that one has.
   */
  private unaccounted(sight: Sight): ObservedEngine[] {
    const { engines, evicted, lineage } = this.current;
    const known = new Set([...engines, ...evicted].map((e) => e.id));
    const inWork = new Set(runningReplacements(this.current).map((r) => replacementLabel(lineage, r.number)));
    const isOurs = ({ labels }: ObservedEngine) =>
      standsAside(this.current) ? inWork.has(labels[label.replacement] ?? '') : isOfLineage(labels, lineage);
    return sight.found.filter((e) => !known.has(e.id) && !isOurs(e));
  }
}
