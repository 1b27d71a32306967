import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  Runtime,
  Worker,
  type MetricsExporterConfig,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import { taskQueue } from '../../src/domain/names';
import type { VpnSettings } from '../../src/domain/settings';
import { cacheDir } from '../../src/config/folders';
import { findTemporalCli } from '../../src/embedded-temporal/cli/cli';
import { lazyClient, targetAt } from '../../src/temporal/client';
import { loggerOnce, measuresOnce } from '../../src/worker/once';
import { serverSettings } from '../../src/embedded-temporal/server-settings';
import { builtWorkflows } from './built-workflows';
import { recordHistories } from './histories';
import { MemoryHost } from './memory-host';
import { VpnStand } from './stand';
import { settings as base } from './world';

export type { VpnStand } from './stand';

/** Starts a client's workflows on that task queue, whose worker several instances share. */
export function startingOn(queue: string): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) => next({ ...input, options: { ...input.options, taskQueue: queue } }),
    signalWithStart: (input, next) => next({ ...input, options: { ...input.options, taskQueue: queue } }),
  };
}

/** A real Temporal server for one test file. */
export class TemporalBench {
  /** By instance: each stand has one of its own. */
  private readonly stands = new Map<string, VpnStand>();
  private readonly sharedQueue = taskQueue(`b-${randomUUID().slice(0, 8)}`);
  /** Resolves to a function that stops the worker. */
  private sharedWorker: Promise<() => Promise<void>> | null = null;

  private constructor(
    readonly env: TestWorkflowEnvironment,
    private readonly portwards: ReturnType<typeof lazyClient>,
    /** Path of Temporal's command line. */
    readonly cli: string,
    /** Warnings of workflows, oldest first. */
    readonly warnings: readonly string[],
    /** All log lines of workflows. */
    readonly lines: readonly string[],
    private readonly workflowBundle: WorkflowBundleOption,
  ) {}

  /**
   * @param workflowBundle absent: the workflows of the build
   * @param metrics address for the SDK's metrics; absent: there are none
   */
  static async start({
    historyIsLongAt,
    workflowBundle = builtWorkflows,
    metrics,
  }: {
    /** Number of events at which the server suggests another run; its default is 4,096. */
    historyIsLongAt?: number;
    workflowBundle?: WorkflowBundleOption;
    metrics?: MetricsExporterConfig;
  } = {}): Promise<TemporalBench> {
    const warnings: string[] = [];
    const lines: string[] = [];
    // Each test here ends by terminating workflows that still run, which the SDK would log.
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
    const suggestion =
      historyIsLongAt === undefined
        ? []
        : ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${historyIsLongAt}`];
    const env = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        extraArgs: ['--log-level', 'error', ...serverSettings, ...suggestion],
      },
    });
    return new TemporalBench(env, lazyClient(targetAt(env.address)), path, warnings, lines, workflowBundle);
  }

  async stop(): Promise<void> {
    await (
      await this.sharedWorker
    )?.();
    await this.portwards.connection.close();
    await this.env.teardown();
  }

  /** Runs the work with a VPN on a host in memory. All these VPNs share one worker, as those of a real Portward do. */
  async with(work: (stand: VpnStand) => Promise<unknown>, change: Partial<VpnSettings> = {}): Promise<void> {
    const stand = this.newStand(change, this.sharedQueue);
    this.sharedWorker ??= this.beginWorker(this.sharedQueue);
    await this.sharedWorker;
    await this.carryOut(stand, work);
  }

  /**
   * Portward's own client, for calls with deadlines and calls that are cancelled: at the server they run on. A call that ends there
   * may interrupt a read of the server's database, which then answers nobody.
   */
  get client(): Client {
    return this.portwards.client;
  }

  /** For workflows that Portward starts itself, in any instance: they have the shared worker, too. */
  get sharingClient(): Client {
    const { connection, options } = this.client;
    const workflow = [startingOn(this.sharedQueue)];
    return new Client({ connection, namespace: options.namespace, interceptors: { workflow } });
  }

  /** The same with a worker of its own, on the VPN's own task queue. */
  withOwnWorker(
    work: (stand: VpnStand) => Promise<unknown>,
    change: Partial<VpnSettings> = {},
    workerOptions: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const stand = this.stand(change);
    return this.withWorker(stand, () => this.carryOut(stand, work), workerOptions);
  }

  private async carryOut(stand: VpnStand, work: (stand: VpnStand) => Promise<unknown>): Promise<void> {
    try {
      await work(stand);
      // Recorded histories need the times of the built workflows: with others a replay takes another course.
      if (this.workflowBundle === builtWorkflows)
        await recordHistories(this, stand.settings.instance, ['vpn', 'replaceEngine']);
    } finally {
      await stand.terminate();
    }
  }

  /** A VPN without a worker: see `withWorker`. The caller terminates it. */
  stand(change: Partial<VpnSettings> = {}): VpnStand {
    return this.newStand(change, null);
  }

  /** @param queue null: the task queue of the stand's instance */
  private newStand(change: Partial<VpnSettings>, queue: string | null): VpnStand {
    const instance = `t-${randomUUID().slice(0, 8)}`;
    const settings = { ...base, ...change, instance, targetEngines: change.targetEngines ?? 1 };
    const stand = new VpnStand(this.env.client, settings, queue ?? taskQueue(instance));
    this.stands.set(instance, stand);
    return stand;
  }

  /** Runs the work while a worker acts on the stand's host. */
  async withWorker(
    stand: VpnStand,
    work: () => Promise<unknown>,
    workerOptions: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const stop = await this.beginWorker(stand.taskQueue, workerOptions);
    try {
      await work();
    } finally {
      await stop();
    }
  }

  private async beginWorker(queue: string, options: Partial<WorkerOptions> = {}): Promise<() => Promise<void>> {
    const worker = await Worker.create({
      connection: this.env.nativeConnection,
      taskQueue: queue,
      workflowBundle: this.workflowBundle,
      activities: this.activities(),
      sinks: measuresOnce('default', queue),
      shutdownGraceTime: 0,
      shutdownForceTime: '30 seconds',
      maxHeartbeatThrottleInterval: '1 second',
      defaultHeartbeatThrottleInterval: '1 second',
      ...options,
    });
    const running = worker.run();
    return async () => {
      worker.shutdown();
      await running;
    };
  }

  /** Each activity acts on the host of its workflow. */
  private activities(): Record<string, (input: never) => unknown> {
    const names = Object.keys(new MemoryHost().activities()) as (keyof Activities)[];
    const act = (name: keyof Activities) => (input: never) => {
      const stand = this.standOf(Context.current().info.workflowExecution?.workflowId ?? '');
      const activity = stand.activities()[name];
      return activity(input);
    };
    return Object.fromEntries(names.map((name) => [name, act(name)]));
  }

  private standOf(workflowId: string): VpnStand {
    const [, instance = ''] = workflowId.split('/');
    const stand = this.stands.get(instance);
    if (!stand) throw new Error(`nobody has a stand for ${workflowId}`);
    return stand;
  }
}
