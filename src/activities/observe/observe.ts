import { setMaxListeners } from 'node:events';
import type { Context } from '@temporalio/activity';
import { measure } from '../../domain/measures';
import type { Health } from '../../domain/engine';
import { isCalledUnhealthy, isHealthy, type Observation } from '../../domain/vpn/observation';
import { guessedReach, resolve, type Reach } from '../../clients/docker/reach/reach';
import { pauseUntil } from '../../lib/pause';
import { ControlServerAddress } from '../port/control-server';
import type { ActivityDeps } from '../deps';
import { hasLost, type DockerSnapshot } from '../docker/snapshot';
import { DockerWatch } from '../docker/watch';
import { EnginesWatch } from './engines-watch';
import { HintLimiter } from '../port/hint-limiter';
import type { HostWatch, VpnOnHost } from '../docker/host-watch';
import { countLiveEngines } from './live-engines';
import type { ObserveInput } from './messages';
import { progressOf, whereabouts } from './progress';
import { PortReader, type AskControlServer } from '../port/port-reader';
import { isAnother, PortWatch } from '../port/port-watch';
import { PublicIpWatch } from '../port/public-ip-watch';
import { snapshotOf } from './snapshot';
import { FIRST_PORT_WITHIN_MS, Reporting } from './reporting';
import { takePortRead, type VpnMemory } from './vpn-memory';
import { untilStopping } from '../worker-stopping';

export type { ObserveInput, ObserveProgress } from './messages';

const WATCHED_AT_MOST_MS = 10 * 60_000;
const HEARTBEAT_EVERY_MS = 3_000;

export interface ObserverDeps extends ActivityDeps {
  /** Shared by all VPNs, for the life of this process. */
  readonly host: HostWatch;
}

/**
 * Watches one VPN until there is something to report. Docker, engines, port, public address and streams are each read
 * at intervals of their own, and none waits for another.
 */
export class Observer {
  private readonly stopping = new AbortController();
  private readonly startedAt = Date.now();
  private readonly reporting: Reporting;
  private readonly docker: DockerWatch;
  private readonly engines: EnginesWatch;
  private readonly port: PortWatch;
  private readonly publicIp: PublicIpWatch;
  private readonly portHints = new HintLimiter(() => this.port.hint());
  private readonly rechecks = new HintLimiter(() => this.recheck());
  private readonly onHost: VpnOnHost;
  private reach: Reach = guessedReach();
  private report: ((observation: Observation) => void) | null = null;

  constructor(
    private readonly input: ObserveInput,
    private readonly deps: ObserverDeps,
    private readonly memory: VpnMemory,
    context: Context,
  ) {
    takePortRead(memory, input.portRead);
    const { vpn, instance, lastReported } = input;
    const { signal } = this.stopping;
    const { checkIntervalMs: intervalMs } = deps;
    const client = deps.gluetun(vpn);
    const changed = () => this.evaluate();
    const ask: AskControlServer = (limit, question) => this.askControlServer(limit, question);
    this.reporting = new Reporting(input, memory);
    memory.crashLoop.resume(lastReported?.kind === 'snapshot' ? lastReported.vpn : null);
    this.docker = new DockerWatch({
      memory,
      intervalMs,
      signal,
      taken: (snapshot, before) => this.taken(snapshot, before),
      snapshot: (doubted) => {
        if (doubted) this.onHost.forgetVpn();
        return this.onHost.snapshot(input.image);
      },
      changed: () => this.afterSnapshot(),
    });
    const shared = { memory, signal, changed };
    this.engines = new EnginesWatch({
      ...shared,
      snapshot: () => this.docker.snapshot,
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
      lastReported,
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
      onReading: (reading, before) => {
        reader.log(reading, before);
        // The tunnel may have changed as well.
        if (isAnother(reading, before)) this.publicIp.readNow();
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
    this.onHost = deps.host.join(
      { vpn, instance, memory },
      { changed: () => this.wake(), doubt: () => this.doubt(), hint: () => this.portHints.hint() },
    );
    // The caller relies on a snapshot that begins after its call: an older one may lack what replacements have done
    // since.
    this.onHost.forget(lastReported === null);
  }

  async run(context: Context): Promise<Observation> {
    const { input, memory, deps, docker } = this;
    const { signal } = this.stopping;
    // Each question to an engine adds a listener, and Node would warn of many.
    setMaxListeners(0, signal);
    const stopHints = deps.hints.watch(input.vpn, () => this.rechecks.hint());
    const beat = () => context.heartbeat(progressOf(docker, memory, { ...input, begun: this.startedAt }));
    const heartbeats = setInterval(beat, HEARTBEAT_EVERY_MS);
    const change = new Promise<Observation>((report) => (this.report = report));
    try {
      this.reach = await deps.reach();
      const watching = Promise.all([
        docker.run(),
        this.port.run(),
        this.engines.run(),
        this.publicIp.run(),
        memory.streams.watch((engine) => whereabouts(engine, docker.snapshot, this.reach), signal),
      ]);
      beat();
      return await Promise.race([
        change,
        this.uneventful(signal),
        context.cancelled,
        untilStopping(deps.stopping, signal),
        watching.then(() => Promise.reject(new Error('watching ended without an observation'))),
      ]);
    } finally {
      stopHints();
      this.portHints.close();
      this.rechecks.close();
      this.onHost.leave();
      clearInterval(heartbeats);
      this.stopping.abort();
    }
  }

  /** Resolves with the last snapshot after 10 minutes without a change, so that no watch runs for ever. */
  private async uneventful(signal: AbortSignal): Promise<Observation> {
    await pauseUntil(WATCHED_AT_MOST_MS, signal);
    const observation = this.observation();
    if (observation === null) throw new Error('nothing could be observed in 10 minutes');
    return observation;
  }

  private observation(): Observation | null {
    const { latest } = this.docker;
    if (latest === null) return null;
    if ('problem' in latest) return { kind: 'unreachable', ...latest };
    return snapshotOf(latest, this.memory, this.port.reading, this.input);
  }

  private evaluate(): void {
    const observation = this.observation();
    if (observation === null) return;
    // A snapshot is complete once the port has been read.
    if (observation.kind === 'snapshot' && observation.port.kind !== 'pending') this.memory.seenAt = observation.at;
    if (this.reporting.isDue(observation, this.port.isDoubted)) this.report?.(observation);
  }

  private wake(): void {
    this.engines.wake();
    this.docker.wake();
  }

  /** Somebody says that the VPN may have changed. */
  private recheck(): void {
    this.port.hint();
    this.onHost.forgetVpn();
    this.docker.wake();
  }

  /** The VPN may be about to end: engines, control server and Docker are asked at once. */
  private doubt(): void {
    this.memory.health.doubtAll(performance.now());
    this.port.readNow();
    this.wake();
    this.evaluate();
  }

  private async taken(snapshot: DockerSnapshot, before: DockerWatch['latest']): Promise<void> {
    const { memory, reach, deps, input } = this;
    const { signal } = this.stopping;
    memory.liveEngines = isCalledUnhealthy(snapshot.vpn)
      ? (memory.liveEngines ?? (await countLiveEngines(snapshot, { engineApi: deps.engineApi, reach }, signal)))
      : null;
    if (before !== null && (!('engines' in before) || hasLost(before, snapshot))) this.port.doubt();
    const believed = new Map<string, Health>();
    const { lastReported } = input;
    if (lastReported?.kind === 'snapshot') for (const e of lastReported.engines) believed.set(e.id, e.health);
    memory.health.keepOnly(new Set(snapshot.engines.map((e) => e.id)));
    for (const { id, startedAt } of snapshot.engines)
      if (startedAt !== null) memory.health.track(id, startedAt, believed.get(id) ?? 'unknown');
  }

  /** Called after each attempt at a snapshot, whether or not Docker answered. */
  private afterSnapshot(): void {
    const { snapshot } = this.docker;
    if (snapshot !== null && this.reporting.dockerAnswered())
      void pauseUntil(FIRST_PORT_WITHIN_MS + 1, this.stopping.signal).then(() => this.evaluate());
    this.port.vpnIs(snapshot === null ? null : isHealthy(snapshot.vpn));
    this.publicIp.healthSeen();
    this.engines.wake();
    this.evaluate();
  }

  private async askControlServer<T>(signal: AbortSignal, question: (base: URL) => Promise<T>): Promise<T> {
    const details = this.docker.snapshot?.details;
    if (!details) throw new Error(`VPN container '${this.input.vpn}' is not there`);
    return new ControlServerAddress(this.input.vpn, details, this.reach, this.deps).ask(signal, question);
  }
}

function runOf(context: Context): { readonly workflowId?: string; readonly runId?: string } {
  const { workflowId, runId } = context.info.workflowExecution ?? {};
  return { ...(workflowId === undefined ? {} : { workflowId }), ...(runId === undefined ? {} : { runId }) };
}
