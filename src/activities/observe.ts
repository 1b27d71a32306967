import { setMaxListeners } from 'node:events';
import type { Context } from '@temporalio/activity';
import { measure } from '../domain/measures';
import type { ContainerId, Health } from '../domain/engine';
import { isCalledUnhealthy, isHealthy, type Observation, type PortReading } from '../domain/observation';
import { guessedReach, resolve, type Reach } from '../docker/reach';
import { pauseUntil } from '../pause';
import type { Whereabouts } from '../streams/stream-collector';
import { ControlServerAddress } from './control-server';
import type { ActivityDeps } from './deps';
import { DockerLooker, hasLost, type DockerLook } from './docker-look';
import { DockerWatch, type DockerWatchOptions } from './docker-watch';
import { EnginesWatch } from './engines-watch';
import { countLiveEngines } from './live-engines';
import type { ObserveInput, ObserveProgress } from './observe-messages';
import { PortReader, type AskControlServer } from './port-reader';
import { PortWatch } from './port-watch';
import { PublicIpWatch } from './public-ip-watch';
import { sightOf } from './sight';
import { FIRST_PORT_WITHIN_MS, Telling } from './telling';
import type { VpnMemory } from './vpn-memory';
import { workerStopping } from './worker-stopping';

export type { ObserveInput, ObserveProgress } from './observe-messages';

const NO_NEWS_AFTER_MS = 10 * 60_000;
const HEARTBEAT_EVERY_MS = 3_000;

/** Watches one VPN until there is news of it. Each thing watched goes at its own pace and holds up no other. */
export class Observer {
  private readonly stopping = new AbortController();
  private readonly startedAt = Date.now();
  private readonly telling: Telling;
  private readonly docker: DockerWatch;
  private readonly engines: EnginesWatch;
  private readonly port: PortWatch;
  private readonly publicIp: PublicIpWatch;
  private reach: Reach = guessedReach();
  private found: ((observation: Observation) => void) | null = null;

  constructor(
    private readonly input: ObserveInput,
    private readonly deps: ActivityDeps,
    private readonly memory: VpnMemory,
    context: Context,
  ) {
    // Another worker may have read it since, or this one be new: of several ports the same one is followed.
    if ((input.portRead?.at ?? 0) > (memory.portRead?.at ?? 0)) {
      memory.portRead = input.portRead;
      // That was a good read after it.
      memory.portFailure = null;
    }
    const { vpn, instance, image, known } = input;
    const { signal } = this.stopping;
    const { checkIntervalMs: intervalMs, containerLabel } = deps;
    const client = deps.gluetun(vpn);
    const changed = () => this.evaluate();
    const ask: AskControlServer = (limit, question) => this.askControlServer(limit, question);
    this.telling = new Telling(input, memory);
    memory.crashLoop.resume(known?.kind === 'sight' ? known.vpn : null);
    const looker = new DockerLooker(deps.docker, { vpn, instance, image, containerLabel });
    const looked: DockerWatchOptions['looked'] = (look, before) => this.looked(look, before);
    this.docker = new DockerWatch({
      vpn,
      looker,
      memory,
      intervalMs,
      signal,
      looked,
      eventsAreMissing: () => deps.events.areMissing,
      changed: () => this.seen(),
    });
    const shared = { memory, signal, changed };
    this.engines = new EnginesWatch({
      ...shared,
      look: () => this.docker.look,
      evicted: input.busy.evicted,
      endpoint: (details, port) => resolve(this.reach, details, port),
      refused: () => this.doubt(),
    });
    const log = deps.log.child(runOf(context));
    const reader = new PortReader({
      vpn,
      client,
      ask,
      memory,
      known,
      index: deps.portIndex(vpn),
      counter: context.metricMeter.createCounter(
        measure.portReads,
        undefined,
        'Reads of the forwarded port, by what came of them',
      ),
      log,
      refused: () => this.doubt(),
    });
    this.port = new PortWatch({
      ...shared,
      intervalMs,
      read: (limit) => reader.read(limit),
      heard: (reading, before) => {
        reader.tell(reading, before);
        if (saysAnother(reading, before)) this.publicIp.readNow();
      },
    });
    this.publicIp = new PublicIpWatch({
      ...shared,
      read: (limit) => ask(limit, (base) => client.publicIp(base, limit)),
      vpnIsHealthy: () => (this.docker.latest === null ? null : this.docker.vpnIsHealthy),
      refused: (reason) =>
        log.warn(
          { event: 'public address refused', vpn },
          `[${vpn}] Public address unknown, so that a reconnection inside the container is not noticed: ${reason}`,
        ),
    });
  }

  async run(context: Context): Promise<Observation> {
    this.reach = await this.deps.reach();
    // Each engine that is asked listens, too.
    setMaxListeners(0, this.stopping.signal, this.deps.stopping);
    const unsubscribe = this.deps.events.subscribe((event) => {
      if (this.docker.heard(event)) this.doubt();
    });
    const beat = () => context.heartbeat(this.progress());
    const heartbeats = setInterval(beat, HEARTBEAT_EVERY_MS);
    const news = new Promise<Observation>((found) => (this.found = found));
    const { signal } = this.stopping;
    const watching = Promise.all([
      this.docker.run(),
      this.port.run(),
      this.engines.run(),
      this.publicIp.run(),
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
    for (const { id } of this.docker.look?.engines ?? []) {
      const at = this.memory.health.lastCheck(id);
      if (at !== null) checkedEngines[id] = at;
    }
    const streams = this.memory.streams.records();
    return {
      checkedAt: this.docker.latest?.at ?? this.startedAt,
      seenAt: this.memory.seenAt ?? this.input.seenAt,
      checkedEngines,
      publicIp: this.memory.publicIp,
      portRead: this.memory.portRead,
      ...(Object.keys(streams).length > 0 ? { streams } : {}),
    };
  }

  /** For those who ask about its streams. */
  private whereabouts(id: ContainerId): Whereabouts {
    const { look } = this.docker;
    if (!look?.details || !isHealthy(look.vpn)) return { kind: 'unknown' };
    const engine = look.engines.find((e) => e.id === id);
    if (!engine?.running || engine.networkOf !== look.details.Id) return { kind: 'gone' };
    try {
      return { kind: 'there', endpoint: resolve(this.reach, look.details, engine.httpPort) };
    } catch {
      return { kind: 'unknown' };
    }
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
    const { latest } = this.docker;
    if (latest === null) return null;
    if ('problem' in latest) return { kind: 'blind', ...latest };
    return sightOf(latest, this.memory, this.port.reading, this.input);
  }

  private evaluate(): void {
    const observation = this.observation();
    if (observation === null) return;
    // A look is complete with the port.
    if (observation.kind === 'sight' && observation.port.kind !== 'pending') this.memory.seenAt = observation.at;
    if (this.telling.isDue(observation, this.port.isDoubted)) this.found?.(observation);
  }

  /** The VPN may be about to end: engines, control server and Docker are asked at once. */
  private doubt(): void {
    this.memory.health.doubtAll(performance.now());
    this.port.readNow();
    this.docker.lookNow();
    this.evaluate();
  }

  private async looked(look: DockerLook, before: DockerWatch['latest']): Promise<void> {
    const { memory, reach, deps, input } = this;
    const { signal } = this.stopping;
    memory.liveEngines = isCalledUnhealthy(look.vpn)
      ? (memory.liveEngines ?? (await countLiveEngines(look, { engineApi: deps.engineApi, reach }, signal)))
      : null;
    if (before !== null && (!('engines' in before) || hasLost(before, look))) this.port.doubt();
    const believed = new Map<string, Health>();
    if (input.known?.kind === 'sight') for (const e of input.known.engines) believed.set(e.id, e.health);
    memory.health.keepOnly(new Set(look.engines.map((e) => e.id)));
    for (const { id, startedAt } of look.engines)
      if (startedAt !== null) memory.health.track(id, startedAt, believed.get(id) ?? 'unknown');
  }

  /** After each look, whether or not Docker answered. */
  private seen(): void {
    const { look } = this.docker;
    if (look !== null && this.telling.hasBegun())
      void pauseUntil(FIRST_PORT_WITHIN_MS + 1, this.stopping.signal).then(() => this.evaluate());
    this.port.vpnIs(look === null ? null : isHealthy(look.vpn));
    this.evaluate();
  }

  private async askControlServer<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const details = this.docker.look?.details;
    if (!details) throw new Error(`VPN container '${this.input.vpn}' is not there`);
    return new ControlServerAddress(this.input.vpn, details, this.reach, this.deps).ask(signal, question);
  }
}

/** After which the tunnel may be another one. */
function saysAnother(reading: PortReading, before: PortReading): boolean {
  return (
    reading.kind !== before.kind ||
    (reading.kind === 'known' && before.kind === 'known' && reading.port !== before.port)
  );
}

function runOf(context: Context): { readonly workflowId?: string; readonly runId?: string } {
  const { workflowId, runId } = context.info.workflowExecution ?? {};
  return { ...(workflowId === undefined ? {} : { workflowId }), ...(runId === undefined ? {} : { runId }) };
}
