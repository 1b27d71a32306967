import { setMaxListeners } from 'node:events';
import pino from 'pino';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';
import { observeDocker } from '../../src/activities/docker/snapshot';
import type { ObserveInput } from '../../src/activities/observe/observe';
import { VpnHints } from '../../src/activities/port/vpn-hints';
import { DockerEvents } from '../../src/clients/docker/docker-events';
import { DockerHost } from '../../src/clients/docker/docker-host';
import { guessedReach } from '../../src/clients/docker/reach/reach';
import { session, type Observation, type Snapshot } from '../../src/domain/vpn/observation';
import type { LastReported } from '../../src/domain/vpn/reported';
import type { RemedyReason } from '../../src/domain/vpn/remedy';
import { engineApi } from '../../src/clients/engine/engine-probe';
import { GluetunClient } from '../../src/clients/gluetun/client';
import { ensureSimulatorImage } from '../../simulator/image';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { Simulation } from '../simulator/simulation';

/** Runs activities on real VPN containers of one test run. `clear` removes them all. */
export class RealVpns {
  readonly simulation = new Simulation();
  readonly docker = new DockerHost(this.simulation.docker);
  private readonly events = new DockerEvents(this.docker);
  private readonly stopping = new AbortController();
  private readonly gluetun = new GluetunClient({
    auth: { kind: 'api-key', key: 'TOP-SECRET' },
    timeoutMs: 10_000,
    reconnectTimeoutMs: 4_000,
  });
  readonly hints = new VpnHints();
  readonly activities = this.activitiesOn(this.docker);

  activitiesOn(docker: DockerHost, change: Partial<ActivityDeps> = {}) {
    /** The part of a context that these activities use. */
    const deps: Partial<ActivityDeps> = {
      ...{
        docker,
        events: this.events,
        hints: this.hints,
        instance: this.simulation.runId,
        stopping: this.stopping.signal,
      },
      ...{ log: pino({ level: 'silent' }), reach: async () => guessedReach() },
      engineApi: engineApi({ health: { type: 'tcp' }, connectionStatus: false }),
      gluetun: () => this.gluetun,
      ...{ controlPort: () => null, portIndex: () => 0, containerLabel: `portward.test=${this.simulation.runId}` },
      streams: () => ({ streams: async () => [], tell: async () => undefined }),
      ...{ checkIntervalMs: 500, collectIntervalMs: 60_000, healthCheckIntervalMs: 1_000 },
      ...{ healthFailureThreshold: 3, startupTimeoutMs: 10_000, ...change },
    };
    return createActivities(deps as ActivityDeps);
  }

  constructor() {
    // Every watch adds a listener.
    setMaxListeners(0, this.stopping.signal);
  }

  async clear(): Promise<void> {
    this.stopping.abort();
    await this.events.close();
    await this.simulation.remove();
  }

  environment(): MockActivityEnvironment {
    return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  }

  async healthy(): Promise<{ vpn: SimulatedVpn; ran: string }> {
    const vpn = await this.simulation.startVpn({ startDelayMs: 0 });
    await vpn.untilHealth('healthy');
    return { vpn, ran: session(observeDocker(await this.docker.inspectByName(vpn.name))) ?? '' };
  }

  reconnect(vpn: SimulatedVpn, ran: string, mayBeStopped = false): Promise<boolean> {
    return this.environment().run(() => this.activities.reconnectVpn({ vpn: vpn.name, session: ran, mayBeStopped }));
  }

  restartContainer(vpn: SimulatedVpn, ran: string, reason: RemedyReason): Promise<boolean> {
    return this.environment().run(() => this.activities.restartVpn({ vpn: vpn.name, session: ran, reason }));
  }

  /** The next observation for a caller that knows this. */
  observe(vpn: string, known: LastReported | null, change: Partial<ObserveInput> = {}, on = this.activities) {
    const input: ObserveInput = {
      ...{
        vpn,
        instance: this.simulation.runId,
        image: 'portward-test-none',
        changesOnly: known !== null,
        lastReported: known,
      },
      ...{ accounted: [], busy: { evicted: [], replacements: [] }, seenAt: 1, portRead: null, ...change },
    };
    const watch = (asked: ObserveInput): Promise<Observation> => on.observe(asked);
    return this.environment().run<[ObserveInput], Observation, typeof watch>(watch, input);
  }

  /** Creates an engine like Portward's. Resolves with what a watch that knows it reports next. */
  async watched(vpn: SimulatedVpn, httpPort: number) {
    const engine = await this.simulation.docker.createContainer({
      ...{ name: this.simulation.name('engine'), Image: await ensureSimulatorImage(this.simulation.docker) },
      Env: [`HTTP_PORT=${httpPort}`],
      Labels: {
        ...{ 'portward.test': this.simulation.runId, 'portward.instance': this.simulation.runId },
        ...{ 'acestream.vpn_container': vpn.name, 'acestream.http_port': String(httpPort) },
      },
      HostConfig: { NetworkMode: `container:${vpn.containerId}` },
    });
    await engine.start();
    let known: Snapshot | null = null;
    const next = async (): Promise<Snapshot> => {
      const told = await this.observe(vpn.name, known, { accounted: [engine.id] });
      if (told.kind === 'unreachable') throw new Error(told.problem);
      return (known = told);
    };
    /** Resolves with the last observation once the condition holds, which may be at once. */
    const seen = async (what: (snapshot: Snapshot) => boolean, withinMs = 120_000): Promise<Snapshot> => {
      const deadline = Date.now() + withinMs;
      for (let snapshot = known ?? (await next()); ; snapshot = await next()) {
        if (Date.now() > deadline) throw new Error(`not seen within ${withinMs} ms, only: ${JSON.stringify(snapshot)}`);
        if (what(snapshot)) return snapshot;
      }
    };
    await seen(({ port, engines }) => port.kind === 'known' && engines.some((e) => e.health === 'healthy'));
    return { engine, next, seen };
  }
}
