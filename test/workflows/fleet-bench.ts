import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client, QueryRejectCondition, QueryRejectedError } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import pino from 'pino';
import { PoolHints } from '../../src/activities/pool-hints';
import { createFleetActivities, type FleetActivities, type WatchPoolInput } from '../../src/activities/watch-pool';
import type { FleetSettings, FleetState, Targets } from '../../src/domain/fleet';
import { fleetWorkflowId, taskQueue, vpnWorkflowId } from '../../src/domain/names';
import { FleetSupervision } from '../../src/program/fleet-supervision';
import { poolFactsOf } from '../../src/program/pool-facts';
import { fleetStateQuery } from '../../src/workflows/fleet-messages';
import type { fleet } from '../../src/workflows/fleet';
import { fleetSettings } from '../fleet-builders';
import { until } from '../simulator/until';
import { startingOn, TemporalBench } from './bench';
import { recordHistories } from './histories';
import { setFactsSignal, toldQuery, type StandInFacts, type vpn } from './fleet-with-stand-ins';

const HOUR_MS = 3_600_000;

function bundleWithStandIns(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: require.resolve('./fleet-with-stand-ins'),
    logger: new DefaultLogger('ERROR'),
  });
}

/** A real Temporal server, and one worker for the fleets of all tests of a file, whose VPNs are stand-ins. */
export class FleetBench {
  private readonly stands = new Map<string, FleetStand>();

  private constructor(
    private readonly bench: TemporalBench,
    private readonly queue: string,
  ) {}

  /** Runs all tests of a file. @returns what each of them runs with, and what stops all */
  static async start(historyIsLongAt: number): Promise<{ fleets: FleetBench; stop: () => Promise<void> }> {
    const [bench, workflowBundle] = await Promise.all([TemporalBench.start({ historyIsLongAt }), bundleWithStandIns()]);
    const queue = taskQueue(`f-${randomUUID().slice(0, 8)}`);
    const fleets = new FleetBench(bench, queue);
    const worker = await Worker.create({
      connection: bench.env.nativeConnection,
      taskQueue: queue,
      workflowBundle,
      activities: {
        watchPool: (input: WatchPoolInput) => {
          const { workflowId = '' } = Context.current().info.workflowExecution ?? {};
          return fleets.standOf(workflowId).activities.watchPool(input);
        },
      },
      sinks: {
        pool: {
          changed: {
            fn: ({ workflowId }: { workflowId: string }, vpn: string) => fleets.standOf(workflowId).hints.changed(vpn),
          },
        },
      },
      shutdownGraceTime: 0,
      maxHeartbeatThrottleInterval: '200 milliseconds',
      defaultHeartbeatThrottleInterval: '200 milliseconds',
    });
    const running = worker.run();
    const stop = async () => {
      worker.shutdown();
      await running;
      await bench.stop();
    };
    return { fleets, stop };
  }

  /** Runs the work with a fleet over two VPNs. @param change of the settings */
  async with(work: (stand: FleetStand) => Promise<unknown>, change: Partial<FleetSettings> = {}): Promise<void> {
    const instance = `t-${randomUUID().slice(0, 8)}`;
    // The safety net is far away, but for tests of it.
    const settings = fleetSettings({ minReplicas: 4, autoscaleIntervalMs: HOUR_MS, ...change, instance });
    const stand = new FleetStand(this.bench.client, settings, this.queue);
    this.stands.set(instance, stand);
    try {
      for (const name of ['a', 'b']) await stand.startVpn(name, 1);
      await stand.supervision.begin();
      await work(stand);
      await recordHistories(this.bench, instance, ['fleet']);
    } finally {
      await stand.end();
    }
  }

  private standOf(workflowId: string): FleetStand {
    const [, instance = ''] = workflowId.split('/');
    const stand = this.stands.get(instance);
    if (!stand) throw new Error(`nobody has a stand for ${workflowId}`);
    return stand;
  }
}

/** The fleet's workflow on a real server, with two VPNs that are stand-ins. */
export class FleetStand {
  readonly client: Client;
  readonly supervision: FleetSupervision;
  readonly hints: PoolHints;
  readonly activities: FleetActivities;
  private readonly stopping = new AbortController();

  constructor(
    { connection, options }: Client,
    readonly settings: FleetSettings,
    queue: string,
  ) {
    this.client = new Client({
      connection,
      namespace: options.namespace,
      // As Portward's own: a workflow that has ended answers no query.
      workflow: { queryRejectCondition: QueryRejectCondition.NOT_OPEN },
      interceptors: { workflow: [startingOn(queue)] },
    });
    this.supervision = new FleetSupervision(this.client, settings, pino({ level: 'silent' }));
    this.hints = new PoolHints(() => this.supervision.recheck());
    const { instance } = settings;
    this.activities = createFleetActivities({
      poolFacts: poolFactsOf(this.client, instance),
      hints: this.hints,
      stopping: this.stopping.signal,
    });
  }

  async end(): Promise<void> {
    const { instance } = this.settings;
    const ids = [fleetWorkflowId(instance), ...['a', 'b'].map((name) => vpnWorkflowId(instance, name))];
    const terminated = ids.map((id) => this.client.workflow.getHandle(id).terminate());
    await Promise.allSettled(terminated);
    this.stopping.abort();
  }

  get fleet() {
    return this.client.workflow.getHandle<typeof fleet>(fleetWorkflowId(this.settings.instance));
  }

  vpn(name: string) {
    return this.client.workflow.getHandle<typeof vpn>(vpnWorkflowId(this.settings.instance, name));
  }

  async startVpn(name: string, target: number): Promise<void> {
    const { instance } = this.settings;
    await this.client.workflow.start<typeof vpn>('vpn', {
      workflowId: vpnWorkflowId(instance, name),
      taskQueue: taskQueue(instance),
      args: [{ name, target }],
    });
  }

  async set(name: string, facts: StandInFacts): Promise<void> {
    await this.vpn(name).signal(setFactsSignal, facts);
  }

  told(name: string): Promise<number[]> {
    return this.vpn(name).query(toldQuery);
  }

  /** Asks again while it continues as new, since its former run does not answer any more. */
  state(): Promise<FleetState> {
    return until('the state of its present run', () =>
      this.fleet.query(fleetStateQuery).catch((error: unknown) => {
        if (error instanceof QueryRejectedError) return null;
        throw error;
      }),
    );
  }

  /** Resolves once each VPN was told this target last. */
  async keep(targets: Targets): Promise<void> {
    let seen: Record<string, number | undefined> = {};
    await until(
      `the targets ${JSON.stringify(targets)}`,
      async () => {
        for (const name of Object.keys(targets)) seen = { ...seen, [name]: (await this.told(name)).at(-1) };
        return Object.entries(targets).every(([name, target]) => seen[name] === target);
      },
      20_000,
    ).catch((error: unknown) => {
      throw new Error(`last told: ${JSON.stringify(seen)}`, { cause: error });
    });
  }
}
