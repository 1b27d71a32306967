import type { Engine, EngineRef, Port, Role } from '../../src/domain/engine';
import { engineName, label, makerOf, replacementLabel } from '../../src/domain/names';
import {
  session,
  isHealthy,
  type ObservedEngine,
  type PortReading,
  type Snapshot,
  type VpnObservation,
} from '../../src/domain/vpn/observation';
import type { Cause, Replacement, Target } from '../../src/domain/replacement';
import type { TakenPorts } from '../../src/domain/vpn/taken-ports';
import type { VpnSettings } from '../../src/domain/settings';
import { presentVpn, vpnSettings } from '../builders';
import { breakerKey } from '../../src/workflows/vpn/decide/breaker';
import { breakerState } from '../../src/domain/vpn/breaker';
import { trialAt } from '../../src/workflows/vpn/requests/provisioning-allowance';
import * as work from '../../src/workflows/replacement/work';
import type { Remedy } from '../../src/workflows/vpn/decide/remedies';
import type { Effect } from '../../src/workflows/vpn/act/effect';
import { VpnState } from '../../src/workflows/vpn/state';
import { carriedOver, restoredFrom, type Carried } from '../../src/workflows/vpn/carry-over/carried';
import { hasUsableSnapshot, newVpnData, runningReplacements, unfinishedTargets } from '../../src/workflows/vpn/data';
import { ended, started } from '../stream-events';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { force } from '../../src/workflows/vpn/requests/forcing';
import { provision } from '../../src/workflows/vpn/requests/provision';
import { remove } from '../../src/workflows/vpn/requests/removal';
import { streamsReported } from '../../src/workflows/vpn/observe/stream-reports';
import { collectGarbage, configure, setTarget } from '../../src/workflows/vpn/requests/controls';
import { engineLeft, engineReady, leaveAsked } from '../../src/workflows/vpn/observe/engine-reports';
import { attemptFailed, replacementEnded, replacementLost } from '../../src/workflows/vpn/observe/replacement-reports';
import { remedyEnded } from '../../src/workflows/vpn/observe/remedy-reports';
import { enginesView, listedEngines } from '../../src/workflows/vpn/views/lists';
import { provisioningRefusal } from '../../src/workflows/vpn/requests/eligibility';

/** Fewer than really, so that one snapshot is often not enough. */
const FOUND_AT_MOST = 2;

/** The actions of one decision may need another one. */
const TURNS_AT_MOST = 3;

/** Longer than any backoff of a VPN that has its port. */
const SETTLES_FOR_MS = 400 * 5_000;

/** A small range, so that ports run short. */
export const settings: VpnSettings = vpnSettings({
  httpPorts: { first: 19_000, last: 19_009 },
  httpsPorts: { first: 45_000, last: 45_009 },
});

interface Container {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port;
  readonly p2pPort: Port | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly networkOf: string;
  running: boolean;
  startedAt: number;
  /** Docker has created it, and not started it yet. */
  isNew?: boolean;
  /** Its API does not answer. */
  ill?: boolean;
  /** Docker does not remove it. */
  stuck?: boolean;
}

/** A replacement's workflow around the real `Work`, in steps that the test takes in any order. */
interface Child {
  readonly replacement: Replacement;
  work: work.Work;
  made: { readonly generation: number; readonly id: string; readonly session: string } | null;
  /** Containers that it has made and removed again. */
  readonly discarded: string[];
}

/** A viewer on an engine, whose stream the workflow has accepted. @property run the engine's run */
interface Viewer {
  readonly engine: string;
  readonly run: number;
}

/** Causes for which the engine is dead, and serves no streams. */
const OF_DEAD_ENGINES: readonly Cause[] = [
  'engine died',
  'engine missing',
  'VPN restarted',
  'VPN re-created',
  'VPN removed',
];

/**
 * A VPN, its containers and its replacements, all in memory and driven one step at a time, around a real `VpnState`. At every step it
 * checks the promises of `/engines`; see `assertPromises`.
 */
export class World {
  now = 1_000_000;
  port: Port | null = 40_000;
  /** The VPN's public address. */
  address: string | null = null;
  /** When the address was read; null: with each snapshot. */
  addressReadAt: number | null = null;
  vpn: VpnObservation = presentVpn({ id: 'vpn-1', startedAt: 500_000 });
  readonly containers: Map<string, Container>;
  readonly children = new Map<number, Child>();
  state: VpnState;
  /** Engines of these roles can't be brought up. */
  readonly unable = new Set<Role>();
  /** Something else has these ports in the VPN's network. */
  readonly held = new Set<Port>();
  /** When each engine was last on the list. */
  private readonly lastListed = new Map<string, number>();
  private readonly hiddenForGood = new Set<string>();
  /** The state's engines before the decision that is being carried out. */
  private engines: ReadonlySet<string> = new Set();
  private snapshotUnderWay: { readonly revision: number; readonly snapshot: Snapshot } | null = null;
  private portUnknownSince: number | null = null;
  private lastObservedPort: Port | null = null;
  /** Viewers, by stream. The state is checked against this, so it does not use the state. */
  private readonly viewers = new Map<string, Viewer>();
  /** Containers that were removed by replacements which have reported their ends. */
  private readonly gone = new Set<string>();
  /** Surplus engines that were released. */
  private readonly surplus = new Set<string>();
  private made = 0;
  private played = 0;
  private workers = 0;
  private asked = 0;
  /** Docker is unreachable since the last snapshot. */
  private unreachable = false;
  /** When to decide again by time alone. */
  private wakeAt: number | null = null;
  /** The remedy under way. */
  private cure: Remedy | null = null;
  /** When replacements for another port were begun. */
  private readonly moves: number[] = [];

  /** @param beside another Portward of the same instance, with a database of its own: both see the same containers */
  constructor(
    change: Partial<VpnSettings> = {},
    readonly incarnation = 'abcdef12',
    beside?: World,
  ) {
    this.containers = beside?.containers ?? new Map<string, Container>();
    this.state = new VpnState(newVpnData({ ...settings, ...change }, incarnation));
  }

  /** Lets time pass, and takes the decisions that are due by time alone. */
  pass(ms: number): void {
    this.now += ms;
    this.decide();
  }

  /** A snapshot begins. It shows the present, and is accepted only when it is delivered. */
  beginSnapshot(): void {
    const reading: PortReading =
      this.port === null
        ? { kind: 'unknown', forMs: this.now - (this.portUnknownSince ??= this.now), reason: 'port 0', none: true }
        : { kind: 'known', port: this.port };
    if (this.port !== null) this.portUnknownSince = null;
    const snapshot: Snapshot = {
      kind: 'snapshot',
      at: this.now,
      vpn: this.vpn,
      liveEngines: null,
      port: this.vpnIsHealthy() ? reading : { kind: 'unasked' },
      engines: [...this.containers.values()].map((c) => this.observed(c)),
      ...this.strangers(),
      ...(this.address === null ? {} : { publicIp: { address: this.address, at: this.addressReadAt ?? this.now } }),
      imagePresent: true,
    };
    this.snapshotUnderWay = { revision: this.state.data.revision, snapshot };
  }

  /** As many engines as one snapshot has in full; those that replacements are making come last. */
  private strangers(): Pick<Snapshot, 'found' | 'complete'> {
    const accounted = this.accounted();
    const inWork = new Set(unfinishedTargets(this.state.data).map((r) => replacementLabel(this.incarnation, r.number)));
    const isMade = (c: Container) => inWork.has(c.labels[label.replacement] ?? '');
    const strangers = [...this.containers.values()].filter((c) => !accounted.has(c.id));
    const urgent = strangers.filter((c) => !isMade(c));
    const found = [...urgent, ...strangers.filter(isMade)].slice(0, FOUND_AT_MOST).map((c) => this.observed(c));
    return { found, complete: urgent.length <= FOUND_AT_MOST };
  }

  /** Docker can't be asked. */
  loseDocker(): void {
    this.snapshotUnderWay = null;
    this.unreachable = true;
    accept(this.state, { kind: 'unreachable', at: this.now, problem: 'no Docker' }, this.state.data.revision, this.now);
    this.decide();
  }

  /** The VPN's workflow continues as new. */
  continueAsNew(): void {
    if (this.cure) return;
    const { data } = this.state;
    const carried = JSON.parse(JSON.stringify(carriedOver(data))) as Carried;
    this.snapshotUnderWay = null;
    this.state = new VpnState(restoredFrom(carried));
    for (const { number } of runningReplacements(data))
      if (!this.children.has(number)) replacementLost(this.state, number, this.now);
    this.publish();
  }

  /** The worker is lost, and with it the snapshot under way; another one begins with a snapshot of its own. */
  restartWorker(): void {
    this.snapshotUnderWay = null;
    configure(this.state, this.state.data.settings, `worker ${++this.workers}`, this.now);
    this.publish();
  }

  stopVpn(): void {
    if (this.vpn.kind === 'present') this.vpn = { ...this.vpn, running: false };
  }

  removeVpn(): void {
    this.vpn = { kind: 'absent' };
  }

  startVpn(): void {
    this.now += 1;
    if (this.vpn.kind === 'absent') this.vpn = presentVpn({ id: `vpn-${this.now}`, startedAt: this.now });
    else if (!this.vpn.running) this.vpn = { ...this.vpn, running: true, startedAt: this.now };
    this.now += 1;
  }

  private accounted(): Set<string> {
    const { engines, evicted } = this.state.data;
    return new Set([...engines, ...evicted].map((e) => e.id));
  }

  deliverSnapshot(): void {
    if (!this.snapshotUnderWay) return;
    const { revision, snapshot } = this.snapshotUnderWay;
    this.snapshotUnderWay = null;
    this.unreachable = false;
    const counts = revision >= this.state.data.snapshotsFrom;
    const left = counts ? this.leftBy(snapshot) : null;
    const { rival } = this.state.data;
    accept(this.state, snapshot, revision, this.now);
    if (counts && snapshot.port.kind === 'known') this.lastObservedPort = snapshot.port.port;
    this.decide();
    // Another Portward that shows itself in the same snapshot may keep this one from acting.
    if (this.state.data.rival !== rival) return;
    // An API that has seen only the observation has hidden it by now.
    expect((listedEngines(this.state.data, this.now) ?? []).map((e) => e.id)).not.toContain(left);
  }

  /** The forwarded engine, if the list says that it will be hidden when the port changes to this. */
  private leftBy({ port }: Snapshot): string | null {
    const { listed, replacesOnMove = false } = enginesView(this.state.data, this.now);
    const forwarded = listed?.find((e) => e.forwarded);
    return replacesOnMove && port.kind === 'known' && forwarded?.p2pPort !== port.port ? (forwarded?.id ?? null) : null;
  }

  observe(): void {
    this.beginSnapshot();
    this.deliverSnapshot();
  }

  /** An engine that Portward has not made. */
  addForeign(role: Role, p2pPort: Port | null, running = true): string {
    const n = ++this.made;
    return this.put({
      role,
      p2pPort,
      httpPort: 19_500 + n,
      httpsPort: 45_500 + n,
      name: `old_${n}`,
      labels: {},
      running,
    });
  }

  restartVpn(recreate: boolean): void {
    if (this.vpn.kind !== 'present' || !this.vpn.running) return;
    this.vpn = { ...this.vpn, id: recreate ? `vpn-${this.now}` : this.vpn.id, startedAt: this.now };
    this.now += 1;
  }

  setHealth(health: 'healthy' | 'unhealthy' | 'starting'): void {
    if (this.vpn.kind === 'present') this.vpn = { ...this.vpn, health };
  }

  force(engine: string | null): void {
    try {
      const { effect } = force(this.state, { engine, reason: null, requestId: null }, this.now);
      if (effect) this.carryOut(effect);
    } catch {
      // Refused: then nothing has changed, which the promises check.
    }
    this.publish();
  }

  /** A viewer begins to play on an engine, which may be hidden: the proxy may have an older list. */
  play(containerId: string): void {
    const id = `stream-${++this.played}`;
    const run = this.containers.get(containerId)?.startedAt;
    const mayPlay = !this.state.data.sealed.includes(containerId);
    streamsReported(this.state, [started(id, { containerId, startedAt: this.now })], this.now);
    const isTaken = this.playing.some((p) => p.id === id);
    if (!mayPlay) expect(isTaken).toBe(false);
    else if (run !== undefined && !this.isLost(containerId)) {
      expect(isTaken).toBe(true);
      this.viewers.set(id, { engine: containerId, run });
    }
    this.decide();
  }

  /** Running streams, oldest first. */
  get playing(): { readonly id: string; readonly containerId: string }[] {
    return this.state.data.streams.filter((s) => s.endedAt === null);
  }

  stopPlaying(id: string): void {
    this.viewers.delete(id);
    streamsReported(this.state, [ended(id, this.now)], this.now);
    this.decide();
  }

  /** The fleet sets this target. */
  setTarget(engines: number): void {
    setTarget(this.state, engines);
    this.decide();
  }

  collectGarbage(): void {
    collectGarbage(this.state);
    this.decide();
  }

  /** Somebody removes an engine. */
  removeEngine(id: string): void {
    const { effect } = remove(this.state, id, this.now);
    if (effect) this.carryOut(effect);
    this.publish();
  }

  /** Somebody asks for an engine, and gets one unless it is refused. */
  provision(httpPort: Port | null): void {
    const request = { requestId: `asked-${++this.asked}`, labels: {}, sealedEnv: null, httpPort };
    if (provisioningRefusal(this.state.data, request, this.now) !== null) return;
    const { effect } = provision(this.state, request, this.now);
    if (effect) this.carryOut(effect);
    this.publish();
  }

  /** The engine's process ends and Docker starts it again, before a snapshot shows it. */
  revive(id: string): void {
    const container = this.containers.get(id);
    if (!container) return;
    container.startedAt = this.now;
    container.ill = false;
  }

  /** The engine's API does not answer from now on. */
  sicken(id: string): void {
    const container = this.containers.get(id);
    if (container) container.ill = true;
  }

  /** Docker does not remove the container from now on. */
  stick(id: string): void {
    const container = this.containers.get(id);
    if (container) container.stuck = true;
  }

  /** Docker removes all containers again. */
  unstick(): void {
    for (const container of this.containers.values()) container.stuck = false;
  }

  /** Somebody terminates a replacement. The VPN notices when it asks. */
  terminate(number: number): void {
    this.children.delete(number);
    replacementLost(this.state, number, this.now);
    this.publish();
  }

  /** The remedy under way ends. */
  endCure(works: boolean): void {
    const { cure } = this;
    if (!cure) return;
    this.cure = null;
    if (works && cure.kind === 'restart container') {
      this.restartVpn(false);
      this.setHealth('healthy');
    }
    if (works && cure.kind === 'restart VPN') this.port = 40_002;
    remedyEnded(this.state, cure, works ? null : { kind: 'failed', message: 'it failed' }, this.now);
    this.publish();
  }

  /** An attempt of a replacement to bring up its engine fails. */
  failProvisioning(number: number, taken: TakenPorts | null = null): void {
    const child = this.children.get(number);
    if (!child || work.isUpToDate(child.work) || work.isHeld(child.work, this.now)) return;
    // The container is removed before that is reported.
    if (child.made) this.discard(child, child.made);
    child.work = work.attemptFailed(child.work);
    const { failedAttempts } = child.work;
    const effect = attemptFailed(
      this.state,
      {
        number,
        incarnation: this.incarnation,
        failedAttempts,
        error: 'provisioning: no',
        provisioning: true,
        countsForBreaker: taken === null,
        taken,
      },
      this.now,
    );
    if (effect) this.carryOut(effect);
    this.publish();
  }

  /** Lets one replacement take its next step. @param releaseFirst whether to release the old engine first where both sides could go on */
  step(number: number, releaseFirst: boolean): boolean {
    const child = this.children.get(number);
    if (!child) return false;
    const steps = [() => this.release(child), () => this.bringUp(child)];
    if (!releaseFirst) steps.reverse();
    const stepped = steps.some((step) => step()) || this.end(child);
    this.publish();
    return stepped;
  }

  running(): number[] {
    return [...this.children.keys()];
  }

  /** Lets everything finish: snapshots arrive, replacements go on, time passes. */
  settle(): void {
    const roundMs = 5_000;
    const end = this.now + SETTLES_FOR_MS;
    while (this.now < end) {
      this.observe();
      for (const number of this.running()) this.step(number, true);
      this.endCure(true);
      this.pass(roundMs);
      if (this.isAtRest) this.now = Math.max(this.now, end - roundMs);
    }
  }

  /** Nothing is under way, the last snapshot is up to date, and nothing is due by time alone: so nothing changes any more. */
  get isAtRest(): boolean {
    const { data } = this.state;
    const isSeen = !this.unreachable && data.snapshot?.complete === true && hasUsableSnapshot(data);
    return isSeen && this.children.size === 0 && this.cure === null && this.wakeAt === null;
  }

  /** Checked at each of thousands of steps, so without `expect`, which makes an error object each time. */
  assertPromises(): void {
    const list = listedEngines(this.state.data, this.now) ?? [];
    const forwarded = list.filter((e) => e.forwarded);
    const isBroken =
      forwarded.length > 1 ||
      forwarded.some((e) => e.p2pPort !== this.lastObservedPort) ||
      list.some((e) => !e.ready || this.hiddenForGood.has(e.id));
    if (isBroken)
      throw new Error(`promises are broken: ${JSON.stringify({ list, lastObservedPort: this.lastObservedPort })}`);
    this.assertKnown();
  }

  /** The state has every running stream, whatever has happened since it was reported. */
  private assertKnown(): void {
    const known = new Set(this.playing.map((p) => p.id));
    for (const [id, { engine, run }] of this.viewers) {
      if (this.isLost(engine) || this.containers.get(engine)?.startedAt !== run) this.viewers.delete(id);
      else if (!known.has(id)) throw new Error(`${id} plays on ${engine}, and the workflow does not know of it`);
    }
  }

  private viewersOf(engine: string): string[] {
    return [...this.viewers].filter(([, viewer]) => viewer.engine === engine).map(([id]) => id);
  }

  private vpnIsHealthy(): boolean {
    return isHealthy(this.vpn);
  }

  /** Decides as the workflow does: again, with the same snapshot, until there is nothing more to do. Without `expect`, as above. */
  private decide(): void {
    for (let turn = 0; ; turn++) {
      const { effects, wakeAt } = takeDecision(this.state, this.now);
      this.wakeAt = wakeAt;
      // While Docker is unreachable nothing is concluded, and nothing changed.
      if (this.unreachable && effects.some((e) => e.kind !== 'draining'))
        throw new Error(`decided while Docker could not be asked: ${JSON.stringify(effects)}`);
      for (const effect of effects) this.carryOut(effect);
      this.publish();
      if (effects.length === 0) return;
      if (turn >= TURNS_AT_MOST) throw new Error(`still more to do after ${turn} turns: ${JSON.stringify(effects)}`);
    }
  }

  private publish(): void {
    this.state.publish(this.now);
    for (const { id } of listedEngines(this.state.data, this.now) ?? []) this.lastListed.set(id, this.now);
    for (const { id } of this.state.data.evicted) this.hiddenForGood.add(id);
    this.engines = new Set(this.state.data.engines.map((e) => e.id));
  }

  private carryOut(effect: Effect): void {
    if (effect.kind === 'remedy') {
      // One remedy at a time.
      expect(this.cure).toBeNull();
      this.cure = effect.remedy;
      return;
    }
    const { replacement } = effect;
    if (effect.kind === 'start') {
      const { target, old, heldUntil, cause } = replacement;
      // Whatever an older snapshot shows.
      const again = old.filter(({ id }) => this.gone.has(id));
      if (again.length > 0) throw new Error(`removed once more (${cause}): ${JSON.stringify(again)}`);
      if (target)
        expect(breakerState(trialAt(this.state.data, breakerKey(cause, target.role)), this.now)).not.toBe('open');
      if (cause === 'port changed') this.move();
      // Nothing in this world ends an engine that stays in Docker, but for those that Docker does not remove.
      if (cause === 'engine died') expect(old.filter(({ id }) => this.isAlive(id))).toEqual([]);
      if (cause === 'surplus')
        for (const engine of old) {
          this.assertNotNeeded(engine);
          this.surplus.add(engine.id);
        }
      const { draining } = replacement;
      const { drainMs } = this.state.data.settings;
      const begun = work.workOf({ target, heldUntil, draining, drainMs }, this.now);
      this.children.set(replacement.number, { replacement, work: begun, made: null, discarded: [] });
      return;
    }
    if (
      effect.kind === 'retarget' &&
      effect.target.role === 'forwarded' &&
      effect.target.p2pPort !== this.children.get(replacement.number)?.work.target?.p2pPort
    )
      this.move();
    const child = this.children.get(replacement.number);
    if (!child) replacementLost(this.state, replacement.number, this.now);
    else if (effect.kind === 'hold') child.work = work.holdChanged(child.work, effect.until);
    else if (effect.kind === 'retarget') child.work = work.retargeted(child.work, effect.target);
    else if (effect.kind === 'draining') child.work = work.drainingChanged(child.work, effect.engines);
    else if (effect.kind === 'leave') child.work = work.granted(child.work, effect.engines);
    else child.work = work.abandoned(child.work);
  }

  /** Surplus engines are released only while they are idle, and a forwarded one only for another one. */
  private assertNotNeeded({ id, role }: EngineRef): void {
    // It was never one of the state's engines, or was evicted before for another cause.
    if (!this.engines.has(id)) return;
    const { data } = this.state;
    if (role === 'plain') expect(this.viewersOf(id)).toEqual([]);
    else {
      const others = data.engines.filter((e) => e.role === 'forwarded' && e.p2pPort === this.lastObservedPort);
      const onTheirWay = unfinishedTargets(data).filter((r) => r.target?.role === 'forwarded');
      expect(others.length + onTheirWay.length).toBeGreaterThan(0);
    }
  }

  /** However often the port changes, there is a backoff between its replacements. */
  private move(): void {
    this.moves.push(this.now);
    const minute = this.moves.filter((at) => at > this.now - 60_000);
    // Two at once, then 5, 10 and 20 s apart. After 5 quiet minutes in between the backoff begins anew.
    expect(minute.length).toBeLessThanOrEqual(2 + 4);
  }

  private release(child: Child): boolean {
    const { number, startedAt, cause, leave, old } = child.replacement;
    const [next] = work.unreleased(child.work, old);
    if (!next || this.now < startedAt + settings.evictionGraceMs) return false;
    if (!work.mayStop(child.work, leave, next.id, this.now)) {
      const isAsked = this.state.data.replacements.some((r) => r.number === number && r.leaveAsked.includes(next.id));
      if (leave === 'never' || isAsked) return false;
      this.askLeave(number, next.id);
      return true;
    }
    if (!this.mayCut(child.replacement, next.id)) expect(this.viewersOf(next.id)).toEqual([]);
    const isGone = this.remove(next.id);
    if (!isGone) this.leave(child, next, null);
    if (!isGone && cause === 'left over') return false;
    child.work = work.engineReleased(child.work, next, this.now);
    return true;
  }

  /** Whether an engine with streams may be stopped: it is dead, or has to make room, or the drain time is over. */
  private mayCut({ cause, startedAt }: Replacement, engine: string): boolean {
    if (OF_DEAD_ENGINES.includes(cause) || this.isLost(engine)) return true;
    if (this.now < startedAt + this.state.data.settings.drainMs) return false;
    return cause !== 'surplus' && !(cause === 'left over' && this.surplus.has(engine));
  }

  private askLeave(number: number, engine: string): void {
    leaveAsked(this.state, { number, incarnation: this.incarnation, engine });
    this.decide();
  }

  /** Reported once by the replacement that leaves it, and repeatedly by the one with the cause 'left over'. */
  private leave(child: Child, engine: EngineRef, generation: number | null): void {
    const { number } = child.replacement;
    const message = { number, incarnation: this.incarnation, engine, generation, reason: 'dataset is busy' };
    const effect = engineLeft(this.state, message);
    if (effect) this.carryOut(effect);
  }

  /** A container that was made for a target that has moved. */
  private discard(child: Child, made: { readonly id: string; readonly generation: number }): void {
    const container = this.containers.get(made.id);
    if (container?.stuck) {
      container.running = false;
      this.leave(child, container, made.generation);
    } else {
      this.containers.delete(made.id);
      child.discarded.push(made.id);
    }
    child.made = null;
  }

  /** Whether it serves nobody: it has ended, or has lost its network with a former session. */
  private isLost(id: string): boolean {
    const container = this.containers.get(id);
    const { vpn } = this;
    return !container?.running || (vpn.kind === 'present' && container.startedAt < vpn.startedAt);
  }

  /** Whether it is an engine of this Portward that has not ended. */
  private isAlive(id: string): boolean {
    const container = this.containers.get(id);
    return (
      container !== undefined && makerOf(container.labels) === this.incarnation && !container.stuck && !this.isLost(id)
    );
  }

  /** I2: no proxy may still use it by a list that it keeps for 2 s. */
  private remove(id: string): boolean {
    const listedAt = this.lastListed.get(id);
    const container = this.containers.get(id);
    if (container?.running === true && listedAt !== undefined && this.vpnIsHealthy()) {
      expect(this.now - listedAt).toBeGreaterThanOrEqual(settings.evictionGraceMs);
    }
    if (container?.stuck) {
      container.running = false;
      return false;
    }
    this.containers.delete(id);
    return true;
  }

  private bringUp(child: Child): boolean {
    const { made } = child;
    const { target } = child.work;
    if (!target || work.isUpToDate(child.work)) return false;
    if (made && made.generation !== target.generation) {
      this.discard(child, made);
      return true;
    }
    if (!made) return this.create(child, target);
    const container = this.containers.get(made.id);
    if (container?.isNew) {
      Object.assign(container, { isNew: false, running: true, startedAt: this.now });
      return true;
    }
    if (!container?.running) {
      this.discard(child, made);
      return true;
    }
    const { id, name, role, httpPort, httpsPort, p2pPort, labels } = container;
    const engine: Engine = {
      ...{ id, name, role, httpPort, httpsPort, p2pPort, labels },
      ...{
        firstSeen: this.now,
        ready: true,
        health: 'healthy',
        run: container.startedAt,
        lastUsedAt: null,
        cutOff: false,
      },
    };
    const { number } = child.replacement;
    const ready = { generation: target.generation, engine, session: made.session };
    child.work = work.engineReady(child.work, ready, this.now);
    engineReady(this.state, { number, incarnation: this.incarnation, ...ready }, this.now);
    return true;
  }

  private create(child: Child, target: Target): boolean {
    if (!this.vpnIsHealthy() || work.isHeld(child.work, this.now) || this.holdPorts(target.waitFor)) return false;
    const ports = [target.httpPort, target.httpsPort, target.p2pPort].filter((p) => p !== null);
    for (const other of this.containers.values()) {
      const taken = [other.httpPort, other.httpsPort, other.p2pPort];
      const clash = ports.filter((port) => taken.includes(port));
      if (!this.holdsPorts(other) || clash.length === 0) continue;
      // A foreign engine may have the port: then the engine fails to start, and is tried again.
      if (makerOf(other.labels) !== this.incarnation) return false;
      expect(clash).toEqual([]);
    }
    const { number } = child.replacement;
    const { role, httpPort, httpsPort, p2pPort, generation } = target;
    const held = ports.filter((port) => this.held.has(port));
    if (held.length > 0) {
      this.failProvisioning(number, { ports: held, by: "container 'torrent'" });
      return true;
    }
    if (this.unable.has(role)) {
      this.failProvisioning(number);
      return true;
    }
    const id = this.put({
      ...{ role, httpPort, httpsPort, p2pPort, running: false, isNew: true },
      name: engineName(role, 'gluetun', this.incarnation, number, generation),
      labels: { [label.replacement]: replacementLabel(this.incarnation, number) },
    });
    child.made = { generation, id, session: session(this.vpn) ?? 'none' };
    return true;
  }

  private holdPorts(idsOrNames: readonly string[]): boolean {
    return [...this.containers.values()].some(
      (c) => (idsOrNames.includes(c.id) || idsOrNames.includes(c.name)) && this.holdsPorts(c),
    );
  }

  /** A container whose network is gone holds no port, nor does one whose process has ended. */
  private holdsPorts(container: Container): boolean {
    return this.vpn.kind === 'present' && container.networkOf === this.vpn.id && !this.isLost(container.id);
  }

  private end(child: Child): boolean {
    const { number, old } = child.replacement;
    if (work.unreleased(child.work, old).length > 0 || !work.isUpToDate(child.work)) return false;
    const generation = child.work.target?.generation ?? null;
    this.children.delete(number);
    for (const id of [...old.map((e) => e.id), ...child.discarded]) if (!this.containers.has(id)) this.gone.add(id);
    replacementEnded(this.state, { number, incarnation: this.incarnation, generation, failedAttempts: 0 }, this.now);
    return true;
  }

  private put(container: Omit<Container, 'id' | 'createdAt' | 'startedAt' | 'networkOf'>): string {
    const id = `c${++this.made}-${this.incarnation}`;
    const networkOf = this.vpn.kind === 'present' ? this.vpn.id : 'none';
    this.containers.set(id, { ...container, id, networkOf, createdAt: this.now, startedAt: this.now });
    return id;
  }

  private observed(c: Container): ObservedEngine {
    const { id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, networkOf, running, ill } = c;
    const reachable = running && this.vpn.kind === 'present' && c.startedAt >= this.vpn.startedAt;
    const isAsked = reachable && networkOf === (this.vpn.kind === 'present' ? this.vpn.id : '');
    return {
      ...{ id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, networkOf, running, evicted: false },
      startedAt: running ? c.startedAt : null,
      health: !isAsked ? 'unknown' : ill ? 'unhealthy' : 'healthy',
    };
  }
}
