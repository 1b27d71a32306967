import { randomUUID } from 'node:crypto';
import { Client, QueryRejectCondition, QueryRejectedError } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import pino from 'pino';
import { PoolHints } from '../../src/activities/pool-hints';
import { createFleetActivities } from '../../src/activities/watch-pool';
import type { FleetSettings, FleetState, Targets } from '../../src/domain/fleet';
import { fleetWorkflowId, taskQueue, vpnWorkflowId } from '../../src/domain/names';
import { FleetSupervision } from '../../src/program/fleet-supervision';
import { poolFactsOf } from '../../src/program/pool-facts';
import { fleetStateQuery } from '../../src/workflows/fleet-messages';
import type { fleet } from '../../src/workflows/fleet';
import { fleetSettings } from '../fleet-builders';
import { until } from '../simulator/until';
import type { TemporalBench } from './bench';
import { recordHistories } from './histories';
import { setFactsSignal, toldQuery, type StandInFacts, type vpn } from './fleet-with-stand-ins';

const HOUR_MS = 3_600_000;

export function bundleWithStandIns(): Promise<WorkflowBundle> {
  return bundleWorkflowCode({
    workflowsPath: require.resolve('./fleet-with-stand-ins'),
    logger: new DefaultLogger('ERROR'),
  });
}

/** The fleet's workflow on a real server, with two VPNs that are stand-ins. */
export class FleetStand {
  readonly settings: FleetSettings;
  readonly supervision: FleetSupervision;
  private readonly client: Client;

  private constructor(bench: TemporalBench, change: Partial<FleetSettings>) {
    // As Portward's own: a workflow that has ended answers no query.
    const { connection, options } = bench.env.client;
    this.client = new Client({
      connection,
      namespace: options.namespace,
      workflow: { queryRejectCondition: QueryRejectCondition.NOT_OPEN },
    });
    const instance = `t-${randomUUID().slice(0, 8)}`;
    // The safety net is far away, but for tests of it.
    this.settings = fleetSettings({ minReplicas: 4, autoscaleIntervalMs: HOUR_MS, ...change, instance });
    this.supervision = new FleetSupervision(this.client, this.settings, pino({ level: 'silent' }));
  }

  /** @param change of the settings */
  static async with(
    bench: TemporalBench,
    workflowBundle: WorkflowBundle,
    work: (stand: FleetStand) => Promise<unknown>,
    change: Partial<FleetSettings> = {},
  ): Promise<void> {
    const stand = new FleetStand(bench, change);
    const { instance } = stand.settings;
    const stopping = new AbortController();
    const hints = new PoolHints(() => stand.supervision.recheck());
    const worker = await Worker.create({
      connection: bench.env.nativeConnection,
      taskQueue: taskQueue(instance),
      workflowBundle,
      activities: createFleetActivities({
        poolFacts: poolFactsOf(stand.client, instance),
        hints,
        stopping: stopping.signal,
      }),
      sinks: { pool: { changed: { fn: (_info: unknown, vpn: string) => hints.changed(vpn) } } },
      shutdownGraceTime: 0,
      maxHeartbeatThrottleInterval: '200 milliseconds',
      defaultHeartbeatThrottleInterval: '200 milliseconds',
    });
    const running = worker.run();
    try {
      for (const name of ['a', 'b']) await stand.startVpn(name, 1);
      await stand.supervision.begin();
      await work(stand);
      await recordHistories(bench, instance, ['fleet']);
    } finally {
      await Promise.all(
        [fleetWorkflowId(instance), ...['a', 'b'].map((name) => vpnWorkflowId(instance, name))].map((id) =>
          stand.client.workflow
            .getHandle(id)
            .terminate()
            .catch(() => {}),
        ),
      );
      stopping.abort();
      worker.shutdown();
      await running;
    }
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
