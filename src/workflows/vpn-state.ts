import { engineRef, type EngineRef, type Instant, type ListedEngine, type Port, type Role } from '../domain/engine';
import { isOfLineage, replacementWorkflowId } from '../domain/names';
import { session, type ObservedEngine, type Observation, type Sight } from '../domain/observation';
import type { AttemptFailed, Cause, EngineReady, Replacement, ReplacementEnded, Target } from '../domain/replacement';
import type { VpnSettings } from '../domain/settings';
import { breakerKind, closedBreaker, withFailure, withSuccess, type BreakerKind } from './breaker';
import { decide, type Action } from './decide';
import { chosenBy, joinedBy, refusal, type ForceRequest } from './forcing';
import { listing } from './listing';
import { allocate, waitFor, PortRangeUsedUp } from './ports';
import { heldUntil } from './provisioning-allowance';
import { actedOn } from './recurrence';
import { begun, type Remedy } from './remedies';
import { adopt, isNewSession, problemOf, refreshed, vpnSeen } from './seen';
import type { VpnData } from './vpn-data';

const ENDED_REPLACEMENTS_KEPT = 20;

/** What the workflow has to do outside its state after a decision. */
export type Effect =
  | { readonly kind: 'start'; readonly replacement: Replacement }
  | { readonly kind: 'retarget'; readonly replacement: Replacement; readonly target: Target }
  | { readonly kind: 'hold'; readonly replacement: Replacement; readonly until: Instant | null }
  | { readonly kind: 'remedy'; readonly remedy: Remedy };

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
   * Takes in what a look at the world brought; one that was asked for under an older revision is thrown away.
   * Returns the change of the forwarded port, if it brought one.
   */
  accept(observation: Observation, revision: number, now: Instant): PortChange | null {
    if (revision !== this.current.revision) return null;
    if (observation.kind === 'blind') {
      this.update({ blind: observation, problem: observation.problem });
      return null;
    }
    const before = this.current;
    const seen = new Map(observation.engines.map((e) => [e.id, e]));
    const { vpn } = observation;
    const newSession = isNewSession(before, observation);
    const kept = before.engines.map((engine) => refreshed(engine, seen.get(engine.id), vpn, newSession));
    const found = this.unaccounted(observation);
    const adopted = found.filter((e) => !e.evicted).map((e) => adopt(e, vpn));
    this.update({
      ...vpnSeen(before, observation, now),
      blind: null,
      sight: observation,
      sightRevision: revision,
      engines: [...kept, ...adopted],
      // One that a former life of this workflow had evicted is not listed again, but let go of.
      evicted: [...before.evicted.filter((e) => seen.has(e.id)), ...found.filter((e) => e.evicted).map(engineRef)],
      pullError: observation.imagePresent ? null : before.pullError,
    });
    this.update({ problem: problemOf(this.current) });
    const from = before.port.last;
    const to = this.current.port.last;
    return !newSession && from !== null && to !== null && from !== to ? { from, to } : null;
  }

  /** Decides, and takes the decision into state; the effects are still to be carried out. */
  act(now: Instant): { effects: Effect[]; wakeAt: Instant | null } {
    const { actions, wakeAt } = decide(this.current, now);
    const effects: Effect[] = [];
    let again = wakeAt;
    for (const action of actions) {
      try {
        effects.push(this.take(action, now));
      } catch (error) {
        if (!(error instanceof PortRangeUsedUp)) throw error;
        this.update({ problem: error.message });
        // Ports come free when an engine ends; a look at the world after that decides again.
        again = Math.min(again ?? Infinity, now + this.current.settings.checkIntervalMs);
      }
    }
    return { effects, wakeAt: again };
  }

  /**
   * A replacement that someone asks for. One already running for that engine is joined, a repeated request id
   * is the same replacement.
   * @throws Error that says why there is nothing to replace
   */
  force(request: ForceRequest, now: Instant): { replacement: Replacement; effect: Effect | null } {
    const joined = joinedBy(this.current, request);
    if (joined) return { replacement: joined, effect: null };
    const refused = this.refusal(request, now);
    if (refused !== null) throw new Error(refused);
    const engine = chosenBy(this.current, request);
    if (!engine) throw new Error(`no engine to replace on VPN '${this.current.settings.vpn}'`);
    const reading = this.current.sight?.port;
    const p2pPort = (reading?.kind === 'known' ? reading.port : this.current.port.last) ?? engine.p2pPort;
    const replacement = this.begin(
      'forced',
      [engineRef(engine)],
      { role: engine.role, p2pPort: engine.role === 'forwarded' ? p2pPort : null },
      now,
      request,
    );
    return { replacement, effect: { kind: 'start', replacement } };
  }

  /** Why a forced replacement can't be begun now, or null. */
  refusal(request: ForceRequest, now: Instant): string | null {
    return refusal(this.current, request, now);
  }

  /** The engine answers: it is listed from now on. False: it came up for a target that is no longer wanted. */
  engineReady(message: EngineReady, now: Instant): Replacement | null {
    const replacement = this.mine(message);
    if (replacement?.state !== 'running' || replacement.readyAt !== null) return null;
    if (replacement.target?.generation !== message.generation) return null;
    const { id, name } = message.engine;
    const kind = breakerKind(replacement.cause);
    const { sight } = this.current;
    // Its VPN may have been started again since it was made.
    const cutOff = sight !== null && message.session !== session(sight.vpn);
    this.update({
      engines: [...this.current.engines, { ...message.engine, firstSeen: now, cutOff }],
      breakers: { ...this.current.breakers, [kind]: withSuccess(this.current.breakers[kind], now) },
    });
    this.raise();
    return this.change(replacement, { readyAt: now, newEngine: { id, name } });
  }

  replacementEnded(message: ReplacementEnded, now: Instant): Replacement | null {
    const replacement = this.mine(message);
    if (replacement?.state !== 'running') return null;
    if ((replacement.target?.generation ?? null) !== message.generation) return null;
    this.raise();
    return this.change(replacement, { state: 'completed', endedAt: now, failedAttempts: message.failedAttempts });
  }

  /** @returns the circuit breaker that it has opened, or opened again */
  attemptFailed(message: AttemptFailed, now: Instant): BreakerKind | null {
    const replacement = this.mine(message);
    if (replacement?.state !== 'running') return null;
    this.change(replacement, { failedAttempts: message.failedAttempts, lastError: message.error });
    if (!message.provisioning) return null;
    const kind = breakerKind(replacement.cause);
    const { breakers, settings } = this.current;
    const breaker = withFailure(breakers[kind], settings.breakers[kind], now);
    this.update({ breakers: { ...breakers, [kind]: breaker } });
    if (breaker.openedAt === null) return null;
    this.raise();
    return kind;
  }

  /** As if nothing had failed. */
  resetBreaker(kinds: readonly BreakerKind[]): void {
    const { breakers } = this.current;
    const reset = kinds.map((kind) => [kind, { ...closedBreaker, lastSuccessAt: breakers[kind].lastSuccessAt }]);
    this.update({ breakers: { ...breakers, ...Object.fromEntries(reset) } });
    this.raise();
  }

  remedyEnded(remedy: Remedy, error: string | null, now: Instant): void {
    this.update({
      remedies: { ...this.current.remedies, running: null, last: { remedy, endedAt: now, error } },
    });
    this.raise();
  }

  /** The replacement's workflow is not there any more: what it left is found by the next look. */
  lost(number: number, now: Instant): void {
    const replacement = this.find((r) => r.number === number);
    if (replacement?.state !== 'running') return;
    this.raise();
    this.change(replacement, { state: 'lost', endedAt: now });
  }

  configure(settings: VpnSettings): boolean {
    if (JSON.stringify(settings) === JSON.stringify(this.current.settings)) return false;
    this.update({ settings });
    this.raise();
    return true;
  }

  /** Why the image can't be had, until it is there. */
  pullFailed(error: string): void {
    this.update({ pullError: error, problem: `image ${this.current.settings.image} could not be pulled: ${error}` });
  }

  retire(): void {
    this.update({ retired: true });
    this.raise();
  }

  /** Brings the list's version up to date; called when state has changed or time may have changed the list. */
  publish(now: Instant): void {
    const fingerprint = this.fingerprint(now);
    if (fingerprint === this.listed) return;
    this.listed = fingerprint;
    this.update({ listVersion: this.current.listVersion + 1 });
  }

  /** Nothing once it is retired: who still asks would be told of engines that nobody watches. */
  list(now: Instant): ListedEngine[] | null {
    return this.current.retired ? [] : listing(this.current, now);
  }

  private fingerprint(now: Instant): string {
    // When its run began is nothing that a list shows.
    return JSON.stringify(this.list(now), (name, value: unknown) => (name === 'run' ? undefined : value));
  }

  private update(change: Partial<VpnData>): void {
    this.current = { ...this.current, ...change };
  }

  private raise(): void {
    this.update({ revision: this.current.revision + 1 });
  }

  private find(matches: (r: Replacement) => boolean): Replacement | undefined {
    return this.current.replacements.find(matches);
  }

  private mine(message: { number: number; lineage: string }): Replacement | undefined {
    return message.lineage === this.current.lineage ? this.find((r) => r.number === message.number) : undefined;
  }

  private change(replacement: Replacement, change: Partial<Replacement>): Replacement {
    const changed = { ...replacement, ...change };
    const all = this.current.replacements.map((r) => (r.number === replacement.number ? changed : r));
    const ended = all.filter((r) => r.state !== 'running').slice(-ENDED_REPLACEMENTS_KEPT);
    this.update({ replacements: all.filter((r) => r.state === 'running' || ended.includes(r)) });
    return changed;
  }

  private take(action: Action, now: Instant): Effect {
    switch (action.kind) {
      case 'replace': {
        const bringUp = action.bringUp && { p2pPort: null, ...action.bringUp };
        const replacement = this.begin(action.cause, action.old, bringUp, now, null);
        this.remember(action.cause, now);
        return { kind: 'start', replacement };
      }
      case 'retarget':
        return this.retarget(this.numbered(action.number), action.p2pPort, now);
      case 'hold': {
        const replacement = this.change(this.numbered(action.number), { heldUntil: action.until });
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

  private numbered(number: number): Replacement {
    const replacement = this.find((r) => r.number === number);
    if (!replacement) throw new TypeError(`there is no replacement ${number}`);
    return replacement;
  }

  private retarget(replacement: Replacement, p2pPort: Port | null, now: Instant): Effect {
    if (!replacement.target) throw new TypeError(`replacement ${replacement.number} has no target to move`);
    const { httpPort, httpsPort, generation, role } = replacement.target;
    const keepsPorts = role === 'forwarded' && ![httpPort, httpsPort].includes(p2pPort ?? 0);
    const ports = keepsPorts
      ? { httpPort, httpsPort, waitFor: waitFor(this.current, [httpPort, httpsPort, p2pPort], replacement.number) }
      : allocate(this.current, p2pPort, replacement.number);
    const target: Target = { generation: generation + 1, role, p2pPort, ...ports };
    if (p2pPort !== null) this.remember('port changed', now);
    this.raise();
    return { kind: 'retarget', replacement: this.change(replacement, { target }), target };
  }

  /** Evicts the old engines, and records the replacement with ports for the new one. */
  private begin(
    cause: Cause,
    old: readonly EngineRef[],
    bringUp: { role: Role; p2pPort: Port | null } | null,
    now: Instant,
    request: ForceRequest | null,
  ): Replacement {
    const before = this.current;
    const oldIds = new Set(old.map((e) => e.id));
    this.update({
      engines: before.engines.filter((e) => !oldIds.has(e.id)),
      evicted: [...before.evicted.filter((e) => !oldIds.has(e.id)), ...old],
    });
    let target: Target | null = null;
    try {
      if (bringUp)
        target = { generation: 1, ...bringUp, ...allocate(this.current, bringUp.p2pPort, this.current.nextNumber) };
    } catch (error) {
      this.current = before;
      throw error;
    }
    const { settings, lineage, nextNumber: number } = this.current;
    const replacement: Replacement = {
      id: replacementWorkflowId(settings.instance, settings.vpn, lineage, number),
      number,
      cause,
      reason: request?.reason ?? null,
      requestId: request?.requestId ?? null,
      oldPort: old.find((e) => e.p2pPort !== null)?.p2pPort ?? null,
      old,
      target,
      newEngine: null,
      state: 'running',
      startedAt: now,
      readyAt: null,
      endedAt: null,
      failedAttempts: 0,
      lastError: null,
      heldUntil: null,
    };
    this.update({ nextNumber: number + 1, replacements: [...this.current.replacements, replacement] });
    this.raise();
    return target ? this.change(replacement, { heldUntil: heldUntil(this.current, replacement) }) : replacement;
  }

  /** Containers that nobody knows yet: engines from before Portward, or from a life of its own that was lost. */
  private unaccounted(sight: Sight): ObservedEngine[] {
    const known = new Set([...this.current.engines, ...this.current.evicted].map((e) => e.id));
    return sight.found.filter((e) => !known.has(e.id) && !isOfLineage(e.labels, this.current.lineage));
  }
}
