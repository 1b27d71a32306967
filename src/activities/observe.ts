import { setMaxListeners } from 'node:events';
import type { Context } from '@temporalio/activity';
import type { MetricCounter } from '@temporalio/common';
import type { ContainerId, Health, Instant } from '../domain/engine';
import type { SampleRecords } from '../domain/stream-samples';
import { measure } from '../domain/measures';
import {
  condition,
  introduced,
  isCalledUnhealthy,
  isHealthy,
  isNews,
  isReworded,
  type Busy,
  type Known,
  type Observation,
  type PortRead,
  type PortReading,
  type Sight,
} from '../domain/observation';
import { DockerUnreachable } from '../docker/docker-error';
import { guessedReach, resolve, type Reach } from '../docker/reach';
import { GluetunError } from '../gluetun/client';
import type { Whereabouts } from '../streams/stream-collector';
import type { Logger } from 'pino';
import { ControlServerAddress } from './control-server';
import type { ActivityDeps } from './deps';
import { DockerLooker, hasLost, type DockerLook } from './docker-look';
import { countLiveEngines } from './live-engines';
import { PortWatch } from './port-watch';
import type { VpnMemory } from './vpn-memory';
import { pauseUntil } from '../pause';
import { workerStopping } from './worker-stopping';

export interface ObserveInput {
  readonly vpn: string;
  readonly instance: string;
  readonly image: string;
  /** What the caller knows already. */
  readonly known: Known | null;
  /** Engines that the caller knows whole already. */
  readonly accounted: readonly ContainerId[];
  readonly busy: Busy;
  /** The last look that the caller knows of; null without one. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server that the caller knows of. */
  readonly portRead: PortRead | null;
  /** False: the first complete look is wanted, whatever it shows. */
  readonly newsOnly: boolean;
}

/** In heartbeats, from where the API reads the times of the last checks: they leave no history. */
export interface ObserveProgress {
  /** When Docker was asked last, whether or not it answered. */
  readonly checkedAt: Instant;
  /** When it answered last, and the VPN's port had been asked for; null while that never was. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server. */
  readonly portRead: PortRead | null;
  readonly checkedEngines: Readonly<Record<string, Instant>>;
  readonly publicIp: string | null;
  /** The last statistics of each stream; absent while there are none. */
  readonly streams?: SampleRecords;
}

const NO_NEWS_AFTER_MS = 10 * 60_000;
const HEARTBEAT_EVERY_MS = 3_000;
/** A first look does not wait longer than this for a control server that hangs. */
const FIRST_PORT_WITHIN_MS = 1_500;
const PUBLIC_IP_EVERY_MS = 60_000;
const LOOK_AT_HEALTH_EVERY_MS = 200;
const PUBLIC_IP_RETRY_MS = 5_000;
/** Twice as long each time, between two observations that only say anew why the port can't be read. */
const FIRST_REWORDING_AFTER_MS = 250;
const REWORDING_AFTER_AT_MOST_MS = 30_000;

/** Watches one VPN until there is news of it. Each thing watched goes at its own pace and holds up no other. */
export class Observer {
  private readonly stopping = new AbortController();
  private readonly startedAt = Date.now();
  /** Not the time of day, which may be set. So is the next. */
  private readonly begun = performance.now();
  /** When Docker first answered. */
  private firstLookAt: number | null = null;
  private readonly looker: DockerLooker;
  private look: DockerLook | { readonly at: number; readonly problem: string } | null = null;
  private readonly port: PortWatch;
  private portReads: MetricCounter | null = null;
  private log: Logger;
  private reach: Reach = guessedReach();
  private poke = new AbortController();
  private found: ((observation: Observation) => void) | null = null;

  constructor(
    private readonly input: ObserveInput,
    private readonly deps: ActivityDeps,
    private readonly memory: VpnMemory,
  ) {
    this.log = deps.log;
    // Another worker may have read it since, or this one be new: of several ports the same one is followed.
    if ((input.portRead?.at ?? 0) > (memory.portRead?.at ?? 0)) {
      memory.portRead = input.portRead;
      // That was a good read after it.
      memory.portFailure = null;
    }
    const { vpn, instance, image } = input;
    memory.crashLoop.resume(input.known?.kind === 'sight' ? input.known.vpn : null);
    this.looker = new DockerLooker(deps.docker, { vpn, instance, image, containerLabel: deps.containerLabel });
    this.port = new PortWatch({
      memory,
      read: (signal) => this.readPort(signal),
      intervalMs: deps.checkIntervalMs,
      signal: this.stopping.signal,
      heard: (reading, before) => this.logPort(reading, before),
      changed: () => this.evaluate(),
    });
  }

  async run(context: Context): Promise<Observation> {
    this.portReads = context.metricMeter.createCounter(
      measure.portReads,
      undefined,
      'Reads of the forwarded port, by what came of them',
    );
    const { workflowId, runId } = context.info.workflowExecution ?? {};
    this.log = this.deps.log.child({ workflowId, runId });
    this.reach = await this.deps.reach();
    // Each engine that is asked listens, too.
    setMaxListeners(0, this.stopping.signal, this.deps.stopping);
    const unsubscribe = this.deps.events.subscribe((event) => {
      const { vpn } = this.input;
      const concerns =
        event === null || event.attributes['name'] === vpn || event.attributes['acestream.vpn_container'] === vpn;
      if (!concerns) return;
      this.looker.forget(event?.id ?? null);
      this.poke.abort();
    });
    const beat = () => context.heartbeat(this.progress());
    const heartbeats = setInterval(beat, HEARTBEAT_EVERY_MS);
    const news = new Promise<Observation>((found) => (this.found = found));
    const { signal } = this.stopping;
    const watching = Promise.all([
      this.watchDocker(signal),
      this.port.run(),
      this.watchEngines(signal),
      this.watchPublicIp(signal),
      this.memory.streams.watch((engine) => this.whereabouts(engine), signal),
    ]);
    try {
      beat();
      return await Promise.race([
        news,
        this.uneventful(signal),
        context.cancelled,
        this.workerStopping(signal),
        watching.then(() => Promise.reject(new Error('watching ended without news'))),
      ]);
    } finally {
      unsubscribe();
      clearInterval(heartbeats);
      this.stopping.abort();
    }
  }

  private progress(): ObserveProgress {
    const checkedEngines: Record<string, number> = {};
    for (const { id } of this.engines()) {
      const at = this.memory.health.lastCheck(id);
      if (at !== null) checkedEngines[id] = at;
    }
    const streams = this.memory.streams.records();
    return {
      checkedAt: this.look?.at ?? this.startedAt,
      seenAt: this.memory.seenAt ?? this.input.seenAt,
      checkedEngines,
      publicIp: this.memory.publicIp,
      portRead: this.memory.portRead,
      ...(Object.keys(streams).length > 0 ? { streams } : {}),
    };
  }

  /** For those who ask about its streams. */
  private whereabouts(id: ContainerId): Whereabouts {
    const { look } = this;
    if (look === null || !('engines' in look) || !look.details || !isHealthy(look.vpn)) return { kind: 'unknown' };
    const engine = look.engines.find((e) => e.id === id);
    if (!engine?.running || engine.networkOf !== look.details.Id) return { kind: 'gone' };
    try {
      return { kind: 'there', endpoint: resolve(this.reach, look.details, engine.httpPort) };
    } catch {
      return { kind: 'unknown' };
    }
  }

  private engines(): DockerLook['engines'] {
    return this.look !== null && 'engines' in this.look ? this.look.engines : [];
  }

  /** After 10 minutes the last look is given even without news, so that no watch grows old. */
  private async uneventful(signal: AbortSignal): Promise<Observation> {
    await pauseUntil(NO_NEWS_AFTER_MS, signal);
    const observation = this.observation();
    if (observation === null) throw new Error('nothing could be observed in 10 minutes');
    return observation;
  }

  /** Another worker, or the next start of this one, takes over without waiting for a time-out. */
  private workerStopping(signal: AbortSignal): Promise<never> {
    const { stopping } = this.deps;
    return new Promise((_resolve, reject) => {
      const stop = () => reject(workerStopping());
      if (stopping.aborted) stop();
      else stopping.addEventListener('abort', stop, { once: true, signal });
    });
  }

  private observation(): Observation | null {
    const { look } = this;
    if (look === null) return null;
    if ('problem' in look) return { kind: 'blind', at: look.at, problem: look.problem };
    const { health, liveEngines } = this.memory;
    const engines = look.engines.map((e) => ({ ...e, health: health.health(e.id) }));
    const { accounted, busy } = this.input;
    return {
      kind: 'sight',
      at: look.at,
      vpn: look.vpn,
      liveEngines,
      port: this.port.reading,
      engines: engines.map(condition),
      ...introduced(engines, accounted, busy),
      imagePresent: look.imagePresent,
    };
  }

  private evaluate(): void {
    const observation = this.observation();
    if (observation === null) return;
    // A look is complete with the port.
    if (observation.kind === 'sight' && observation.port.kind !== 'pending') this.memory.seenAt = observation.at;
    const { known, newsOnly, busy, seenAt } = this.input;
    if (this.port.isDoubted && observation.kind === 'sight' && isHealthy(observation.vpn)) return;
    if (observation.kind === 'sight' && isHealthy(observation.vpn) && this.isIncomplete(observation)) {
      const impatient = performance.now() - (this.firstLookAt ?? Infinity) >= FIRST_PORT_WITHIN_MS;
      // What follows the first look of all, in which Docker was away, is a first look too.
      if ((!newsOnly || seenAt === null) && !impatient) return;
    }
    if (!newsOnly || isNews(known, observation, busy)) this.found?.(observation);
    else if (isReworded(known, observation) && this.mayReword()) {
      this.memory.rewordings++;
      this.found?.(observation);
    }
  }

  /** A control server may fail in another way each time, and each observation is an event of a history. */
  private mayReword(): boolean {
    const pauseMs = Math.min(FIRST_REWORDING_AFTER_MS * 2 ** this.memory.rewordings, REWORDING_AFTER_AT_MOST_MS);
    return performance.now() - this.begun >= pauseMs;
  }

  /** Engines that were there before their VPN's workflow are listed together: without this the list would begin empty. */
  private isIncomplete(sight: Sight): boolean {
    if (sight.port.kind === 'pending') return true;
    const { vpn, found } = sight;
    if (this.input.seenAt !== null || vpn.kind !== 'present') return false;
    const answering = found.filter((e) => e.running && !e.evicted && e.networkOf === vpn.id);
    return answering.some((e) => this.memory.health.lastCheck(e.id) === null);
  }

  private async watchDocker(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.poke = new AbortController();
      try {
        const look = this.steady(await this.looker.look());
        this.memory.liveEngines = isCalledUnhealthy(look.vpn)
          ? (this.memory.liveEngines ??
            (await countLiveEngines(look, { engineApi: this.deps.engineApi, reach: this.reach }, signal)))
          : null;
        if (this.look !== null && (!('engines' in this.look) || hasLost(this.look, look))) this.port.doubt();
        this.look = look;
        if (this.firstLookAt === null) {
          this.firstLookAt = performance.now();
          // A control server that hangs must not hold up the first look.
          void pauseUntil(FIRST_PORT_WITHIN_MS + 1, signal).then(() => this.evaluate());
        }
        this.trackEngines(look);
      } catch (error) {
        const problem = error instanceof DockerUnreachable ? error.message : `Docker can't be asked: ${String(error)}`;
        this.look = { at: Date.now(), problem };
      }
      this.port.vpnIs('engines' in this.look ? isHealthy(this.look.vpn) : null);
      this.evaluate();
      await pauseUntil(this.deps.checkIntervalMs, signal, this.poke.signal);
    }
  }

  private steady(look: DockerLook): DockerLook {
    const restarts = look.details?.RestartCount ?? 0;
    return { ...look, vpn: this.memory.crashLoop.steady(look.vpn, restarts, performance.now()) };
  }

  private vpnIsHealthy(): boolean {
    return this.look !== null && 'vpn' in this.look && isHealthy(this.look.vpn);
  }

  private trackEngines(look: DockerLook): void {
    const believed = new Map<string, Health>();
    if (this.input.known?.kind === 'sight') for (const e of this.input.known.engines) believed.set(e.id, e.health);
    this.memory.health.keepOnly(new Set(look.engines.map((e) => e.id)));
    for (const engine of look.engines) {
      if (engine.startedAt !== null)
        this.memory.health.track(engine.id, engine.startedAt, believed.get(engine.id) ?? 'unknown');
    }
  }

  private async readPort(signal: AbortSignal): Promise<PortRead> {
    const { vpn } = this.input;
    try {
      const index = this.deps.portIndex(vpn);
      const { portRead: last } = this.memory;
      const follow = { index, current: last?.index === index ? last.port : null };
      const gluetun = this.deps.gluetun(vpn);
      const port = await this.askControlServer(signal, (base) => gluetun.forwardedPort(base, signal, follow));
      this.memory.portRead = { port, at: Date.now(), index };
      this.memory.rewordings = 0;
      this.portReads?.add(1, { vpn, result: 'ok' });
      return this.memory.portRead;
    } catch (error) {
      const result = error instanceof GluetunError ? error.failure : 'unreachable';
      if (!signal.aborted) this.portReads?.add(1, { vpn, result });
      throw error;
    }
  }

  private async askControlServer<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const details = this.look !== null && 'details' in this.look ? this.look.details : null;
    if (!details) throw new Error(`VPN container '${this.input.vpn}' is not there`);
    return new ControlServerAddress(this.input.vpn, details, this.reach, this.deps).ask(signal, question);
  }

  private logPort(reading: PortReading, before: PortReading): void {
    const { vpn, known } = this.input;
    const text =
      reading.kind === 'known' ? `port ${reading.port}` : `unknown: ${'reason' in reading ? reading.reason : ''}`;
    this.log.debug({ event: 'port cache updated', vpn, reading }, `[${vpn}] control server: ${text}`);
    if (reading.kind !== 'unknown') return;
    const told = known?.kind === 'sight' ? known.port : null;
    if ([before, told].some((earlier) => earlier?.kind === 'unknown' && earlier.reason === reading.reason)) return;
    this.log.warn({ event: 'port unknown', vpn }, `[${vpn}] Forwarded port unknown: ${reading.reason}`);
  }

  private async watchEngines(signal: AbortSignal): Promise<void> {
    const { health } = this.memory;
    while (!signal.aborted) {
      const { look } = this;
      if (look !== null && 'engines' in look && look.details && isHealthy(look.vpn)) {
        const { details } = look;
        const now = performance.now();
        for (const engine of look.engines) {
          if (!engine.running || engine.networkOf !== details.Id || !health.due(engine.id, now)) continue;
          // Not awaited: one that hangs must not keep the others from being asked.
          void health
            .ask(engine.id, () => resolve(this.reach, details, engine.httpPort), signal)
            .then(() => this.evaluate());
        }
      }
      await pauseUntil(100, signal);
    }
  }

  private async watchPublicIp(signal: AbortSignal): Promise<void> {
    const client = this.deps.gluetun(this.input.vpn);
    while (!signal.aborted) {
      if (!this.vpnIsHealthy()) {
        if (this.look !== null) this.memory.publicIp = null;
        await pauseUntil(LOOK_AT_HEALTH_EVERY_MS, signal);
        continue;
      }
      try {
        this.memory.publicIp = await this.askControlServer(signal, (base) => client.publicIp(base, signal));
      } catch {
        // Shown where it is known, and never needed.
        this.memory.publicIp = null;
      }
      await pauseUntil(this.memory.publicIp === null ? PUBLIC_IP_RETRY_MS : PUBLIC_IP_EVERY_MS, signal);
    }
  }
}
