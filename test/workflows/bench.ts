import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker, type MetricsExporterConfig, type WorkerOptions } from '@temporalio/worker';
import { QueryNotRegisteredError, type WorkflowHandle, type WorkflowStartOptions } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities';
import { batchId, type NewsBatch } from '../../src/activities/notify';
import { workerStopping } from '../../src/activities/worker-stopping';
import type { ObserveInput } from '../../src/activities/observe';
import { cacheDir } from '../../src/folders';
import type { Engine, ListedEngine } from '../../src/domain/engine';
import { engineName, label, taskQueue, vpnWorkflowId } from '../../src/domain/names';
import {
  condition,
  introduced,
  isNews,
  session,
  type ObservedEngine,
  type Known,
  type Observation,
  type PortReading,
  type VpnObservation,
} from '../../src/domain/observation';
import { REFUSED_BY_DOCKER, type Target } from '../../src/domain/replacement';
import { PORTS_TAKEN, type PortsTaken, type TakenPorts } from '../../src/domain/taken-ports';
import type { VpnSettings } from '../../src/domain/settings';
import type { Stream } from '../../src/domain/stream';
import { findTemporalCli } from '../../src/temporal/cli';
import { loggerOnce, measuresOnce } from '../../src/temporal/once';
import { serverSettings } from '../../src/temporal/server-settings';
import { ASK_AGAIN } from '../../src/workflows/ahead-of-history';
import { listsQuery, stateQuery, type ListsAnswer, type VpnReport } from '../../src/workflows/messages';
import type { vpn } from '../../src/workflows/vpn';
import { until } from '../simulator/until';
import { presentVpn } from '../builders';
import { builtWorkflows } from './built-workflows';
import { recordHistories } from './histories';
import { settings as base } from './world';

/** As the real one after minutes. */
const RELEASED_WITHIN_MS = 200;

/** A real Temporal server for one test file. */
export class TemporalBench {
  private constructor(
    readonly env: TestWorkflowEnvironment,
    /** Temporal's own command line. */
    readonly cli: string,
    /** What workflows have warned of, oldest first. */
    readonly warnings: readonly string[],
    /** All that they have logged. */
    readonly lines: readonly string[],
  ) {}

  /**
   * @param serverArgs further arguments of `temporal server start-dev`
   * @param metrics where the SDK's are to be had; nowhere if absent
   */
  static async start(serverArgs: string[] = [], metrics?: MetricsExporterConfig): Promise<TemporalBench> {
    const warnings: string[] = [];
    const lines: string[] = [];
    // Workflows that are terminated under their worker, as at the end of each test here, are not worth a line.
    Runtime.install({
      logger: loggerOnce('INFO', ({ level, message }) => {
        lines.push(message);
        if (level !== 'INFO') warnings.push(message);
      }),
      telemetryOptions: {
        logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} },
        ...(metrics ? { metrics } : {}),
      },
    });
    const quiet = { info: () => {}, warn: () => {} };
    const path = await findTemporalCli({ env: process.env, cacheDir: cacheDir(process.env), log: quiet });
    if (path === undefined)
      throw new Error("These tests need Temporal's CLI: run `npm test` once, or set TEMPORAL_CLI_PATH");
    const env = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        extraArgs: ['--log-level', 'error', ...serverSettings, ...serverArgs],
      },
    });
    return new TemporalBench(env, path, warnings, lines);
  }

  stop(): Promise<void> {
    return this.env.teardown();
  }

  /** Runs the work with a worker whose activities act on a world in memory. */
  async with(
    work: (stand: VpnStand) => Promise<unknown>,
    change: Partial<VpnSettings> = {},
    workerOptions: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const stand = this.stand(change);
    await this.withWorker(
      stand,
      async () => {
        try {
          await work(stand);
          await recordHistories(this, taskQueue(stand.settings.instance), ['vpn', 'replaceEngine']);
        } finally {
          await stand.terminate();
        }
      },
      workerOptions,
    );
  }

  /** Without a worker: see `withWorker`. Whoever makes it terminates it. */
  stand(change: Partial<VpnSettings> = {}): VpnStand {
    const instance = `t-${randomUUID().slice(0, 8)}`;
    return new VpnStand(this, { ...base, ...change, instance, targetEngines: change.targetEngines ?? 1 });
  }

  /** Runs the work while a worker acts on the stand's world. */
  async withWorker(
    stand: VpnStand,
    work: () => Promise<unknown>,
    workerOptions: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const worker = await Worker.create({
      connection: this.env.nativeConnection,
      taskQueue: taskQueue(stand.settings.instance),
      workflowBundle: builtWorkflows,
      activities: stand.activities(),
      sinks: {
        pool: { changed: { fn: (_info: unknown, vpn: string) => void stand.hints.push(vpn), callDuringReplay: false } },
        ...measuresOnce('default', taskQueue(stand.settings.instance)),
      },
      shutdownGraceTime: 0,
      shutdownForceTime: '5 seconds',
      maxHeartbeatThrottleInterval: '200 milliseconds',
      defaultHeartbeatThrottleInterval: '200 milliseconds',
      ...workerOptions,
    });
    const running = worker.run();
    try {
      await work();
    } finally {
      worker.shutdown();
      await running;
    }
  }
}

/** One VPN workflow, and the world that its activities see: Docker and Gluetun in memory. */
export class VpnStand {
  port: PortReading = { kind: 'known', port: 40_000 };
  vpn: VpnObservation = presentVpn({ id: 'vpn-1', startedAt: 1_000 });
  readonly engines = new Map<string, ObservedEngine>();
  readonly calls: string[] = [];
  /** What engines were made for, oldest first. */
  readonly targets: Target[] = [];
  /** What the fleet was told: VPNs that are different now. */
  readonly hints: string[] = [];
  /** What the receiver of news has had. */
  readonly notified: NewsBatch[] = [];
  /** Thrown by the named activity while it is set. */
  failing: { activity: keyof Activities; message: string; type?: string; nonRetryable?: boolean } | null = null;
  /** What Docker does not do, with whichever container. */
  readonly refused = new Set<'evictEngine' | 'stopEngine' | 'removeEngine'>();
  /** On which something else listens in the VPN's network. */
  taken: TakenPorts | null = null;
  /** An observe without news returns after this, as the real one does after 10 minutes. */
  noNewsAfterMs = 60_000;
  /** Whether APIs are told the list: all are, nobody is and so nobody knows yet, or it has been given up. */
  hearing: 'all' | 'nobody' | 'no API' = 'all';
  /** The engines' image is on the Docker host. */
  imagePresent = true;
  /** Engines answer only while it is true. */
  engineAnswers = true;
  /** What the workflow said that it knows when it asked last. */
  known: Known | null = null;
  private made = 0;

  constructor(
    private readonly bench: TemporalBench,
    readonly settings: VpnSettings,
  ) {}

  get workflowId(): string {
    return vpnWorkflowId(this.settings.instance, this.settings.vpn);
  }

  get handle(): WorkflowHandle<typeof vpn> {
    return this.bench.env.client.workflow.getHandle<typeof vpn>(this.workflowId);
  }

  async start(options: Pick<WorkflowStartOptions, 'workflowTaskTimeout'> = {}): Promise<void> {
    await this.bench.env.client.workflow.start<typeof vpn>('vpn', {
      ...options,
      workflowId: this.workflowId,
      taskQueue: taskQueue(this.settings.instance),
      args: [{ settings: this.settings }],
    });
  }

  state(): Promise<VpnReport> {
    return asked(() => this.handle.query(stateQuery));
  }

  /** Engines and streams as the API asks for them. */
  lists(
    known: { engines: string | null; streams: string | null } = { engines: null, streams: null },
  ): Promise<ListsAnswer> {
    return asked(() => this.handle.query(listsQuery, known));
  }

  async listed(): Promise<readonly ListedEngine[]> {
    const { engines } = await this.lists();
    return engines.unchanged ? [] : (engines.value.listed ?? []);
  }

  async streams(): Promise<readonly Stream[]> {
    const { streams } = await this.lists();
    return streams.unchanged ? [] : streams.value;
  }

  /** The state, once it is as asked. */
  untilState(what: string, holds: (state: VpnReport) => boolean, limitMs = 20_000): Promise<VpnReport> {
    return until(
      what,
      async () => {
        const state = await this.state();
        return holds(state) ? state : null;
      },
      limitMs,
    );
  }

  untilForwarded(port: number): Promise<VpnReport> {
    return this.untilState(`a forwarded engine on ${port}`, (s) =>
      s.engines.some((e) => e.p2pPort === port && e.ready),
    );
  }

  untilQuiet(): Promise<VpnReport> {
    return this.untilState('no replacement at work', (s) => s.replacements.every((r) => r.state !== 'running'));
  }

  /** Ends everything that this stand started. */
  async terminate(): Promise<void> {
    const { workflow } = this.bench.env.client;
    const query = `TaskQueue = 'portward-${this.settings.instance}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of workflow.list({ query })) {
      await workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => {});
    }
  }

  activities(): Activities {
    const act = async <T>(name: keyof Activities, detail: string, work: () => T): Promise<T> => {
      this.calls.push(`${name} ${detail}`);
      if (this.failing?.activity === name) throw ApplicationFailure.create(this.failing);
      return work();
    };
    const refuse = (step: 'evictEngine' | 'stopEngine' | 'removeEngine', id: string) => {
      if (this.refused.has(step))
        throw ApplicationFailure.create({
          ...{ message: 'dataset is busy', type: REFUSED_BY_DOCKER, nonRetryable: true, details: [id] },
        });
    };
    const end = (id: string) => {
      const observed = this.engines.get(id);
      if (observed) this.engines.set(id, { ...observed, running: false, startedAt: null });
    };
    return {
      observe: (input) => this.observe(input),
      evictEngine: ({ engine }) =>
        act('evictEngine', engine.name, () => {
          refuse('evictEngine', engine.id);
          const observed = this.engines.get(engine.id);
          if (observed) this.engines.set(engine.id, { ...observed, evicted: true });
        }),
      awaitHeard: async ({ ms }) => {
        this.calls.push('awaitHeard');
        for (let since = Date.now(); Date.now() - since < ms; await pause()) {
          Context.current().heartbeat();
          if (this.hearing === 'nobody') since = Date.now();
          if (this.hearing === 'no API') return false;
        }
        return true;
      },
      stopEngine: ({ engine }) =>
        act('stopEngine', engine.name, () => {
          refuse('stopEngine', engine.id);
          end(engine.id);
        }),
      removeEngine: ({ idOrName }) => {
        const engine = [...this.engines.values()].find((e) => e.id === idOrName || e.name === idOrName);
        return act('removeEngine', engine?.name ?? idOrName, () => {
          if (!engine) return;
          // As the real one does, which stops what it can't remove.
          if (this.refused.has('removeEngine') && !this.refused.has('stopEngine')) end(engine.id);
          refuse('removeEngine', engine.id);
          this.engines.delete(engine.id);
        });
      },
      awaitReleased: async ({ holders }) => {
        const areFree = () => holders.every((id) => this.engines.get(id)?.running !== true);
        const deadline = Date.now() + RELEASED_WITHIN_MS;
        await this.wait(() => areFree() || Date.now() > deadline);
        return areFree();
      },
      createEngine: (order) =>
        act('createEngine', String(order.target.p2pPort), () => {
          this.refuseTaken(order.target);
          this.targets.push(order.target);
          const name = engineName(order.target.role, order.vpn, order.lineage, order.number, order.target.generation);
          const made = [...this.engines.values()].find((e) => e.name === name);
          const engine = made ? engineOf(made) : this.put(name, order);
          return { engine, session: session(this.vpn) ?? 'none' };
        }),
      awaitPortsFree: ({ ports }) => this.wait(() => !ports.some((port) => this.taken?.ports.includes(port))),
      awaitEngine: async ({ engine }) => {
        await act('awaitEngine', engine.name, () => undefined);
        await this.wait(() => this.engineAnswers);
        const observed = this.engines.get(engine.id);
        if (observed) this.engines.set(engine.id, { ...observed, health: 'healthy' });
      },
      restartVpn: ({ session: ill }) =>
        act('restartVpn', ill, () => {
          if (session(this.vpn) !== ill) return false;
          this.vpn = presentVpn({ id: 'vpn-1', startedAt: Date.now() });
          return true;
        }),
      reconnectVpn: ({ session: ill, mayBeStopped }) =>
        act('reconnectVpn', `${ill}${mayBeStopped ? ', half done' : ''}`, () => {
          this.reconnected();
          return true;
        }),
      notify: (batch) =>
        act('notify', batchId(batch), () => {
          this.notified.push(batch);
        }),
      pullImage: ({ image }) => act('pullImage', image, () => void (this.imagePresent = true)),
    };
  }

  /** What a restart of the VPN inside its container leads to. */
  reconnected: () => void = () => {};

  private refuseTaken({ p2pPort }: Target): void {
    if (p2pPort === null || !this.taken?.ports.includes(p2pPort)) return;
    const details: PortsTaken[] = [{ taken: this.taken, started: false }];
    throw ApplicationFailure.create({ message: 'the port is taken', type: PORTS_TAKEN, nonRetryable: true, details });
  }

  private put(name: string, order: Parameters<Activities['createEngine']>[0]): Engine {
    const { role, httpPort, httpsPort, p2pPort } = order.target;
    const labels = { [label.replacement]: `${order.lineage}/${order.number}` };
    const networkOf = this.vpn.kind === 'present' ? this.vpn.id : '';
    const engine: ObservedEngine = {
      ...{ id: `c${++this.made}`.padEnd(64, '0'), name, role, httpPort, httpsPort, p2pPort, labels, networkOf },
      ...{ createdAt: Date.now(), evicted: false, running: true, startedAt: Date.now(), health: 'unknown' },
    };
    this.engines.set(engine.id, engine);
    return engineOf(engine);
  }

  private async observe({ known, newsOnly, busy, accounted }: ObserveInput): Promise<Observation> {
    const began = Date.now();
    this.known = known;
    for (;;) {
      this.probe(busy);
      const sight: Observation = {
        kind: 'sight',
        at: Date.now(),
        vpn: this.vpn,
        liveEngines: null,
        port: this.port,
        engines: [...this.engines.values()].map(condition),
        ...introduced([...this.engines.values()], accounted, busy),
        imagePresent: this.imagePresent,
      };
      if (!newsOnly || isNews(known, sight, busy) || Date.now() - began >= this.noNewsAfterMs) return sight;
      Context.current().heartbeat({ checkedAt: Date.now() });
      await pause();
    }
  }

  /** Whether an engine answers is seen by whoever looks; that of one that is being made is said by its replacement. */
  private probe({ replacements }: ObserveInput['busy']): void {
    for (const engine of this.engines.values()) {
      const isMade = replacements.includes(engine.labels[label.replacement] ?? '');
      if (this.engineAnswers && !isMade && engine.health === 'unknown')
        this.engines.set(engine.id, { ...engine, health: 'healthy' });
    }
  }

  private async wait(holds: () => boolean): Promise<void> {
    while (!holds()) {
      Context.current().heartbeat();
      await pause();
    }
  }
}

/** When its worker stops, an activity leaves its place to the next one, as Portward's do. */
async function pause(): Promise<void> {
  const context = Context.current();
  try {
    await context.sleep(20);
  } catch (error) {
    throw context.cancellationDetails?.workerShutdown === true ? workerStopping() : error;
  }
}

function engineOf(e: ObservedEngine): Engine {
  const { id, name, role, httpPort, httpsPort, p2pPort, labels, createdAt, health } = e;
  return {
    id,
    name,
    role,
    httpPort,
    httpsPort,
    p2pPort,
    labels,
    firstSeen: createdAt,
    ready: false,
    health,
    run: null,
    lastUsedAt: null,
    cutOff: false,
  };
}

/** Again, when the workflow says so, as the API does. */
async function asked<T>(query: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await query();
    } catch (error) {
      if (!(error instanceof QueryNotRegisteredError && error.message.includes(ASK_AGAIN))) throw error;
      await sleep(20);
    }
  }
}
