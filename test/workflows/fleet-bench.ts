import { randomUUID } from 'node:crypto';
import { renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, QueryRejectCondition, QueryRejectedError } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundlePath } from '@temporalio/worker';
import pino from 'pino';
import type { FleetSettings, FleetState, Targets } from '../../src/domain/fleet/fleet';
import type { PoolState } from '../../src/domain/fleet/pool';
import { fleetWorkflowId, taskQueue, vpnWorkflowId } from '../../src/domain/names';
import { FleetSupervision } from '../../src/worker/supervision/fleet';
import { fleetStateQuery } from '../../src/workflows/fleet/messages';
import type { fleet } from '../../src/workflows/fleet/workflow';
import { fleetSettings } from '../fleet-builders';
import { until } from '../simulator/until';
import { startingOn, TemporalBench } from './bench';
import { recordHistories } from './histories';
import { setPoolStateSignal, toldQuery, type vpn } from './fleet-with-stand-ins';

const HOUR_MS = 3_600_000;

const SOURCE = require.resolve('./fleet-with-stand-ins');
/** In `dist`, which each build makes anew. Jest refuses a build that is older than the sources. */
const BUNDLE = join(__dirname, '..', '..', 'dist', 'fleet-with-stand-ins.js');

/** Bundled once for each build, since that takes seconds. */
async function bundleWithStandIns(): Promise<WorkflowBundlePath> {
  const madeAt = statSync(BUNDLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (madeAt < statSync(SOURCE).mtimeMs) {
    const { code } = await bundleWorkflowCode({ workflowsPath: SOURCE, logger: new DefaultLogger('ERROR') });
    const next = `${BUNDLE}.${process.pid}`;
    writeFileSync(next, code);
    renameSync(next, BUNDLE);
  }
  return { codePath: BUNDLE };
}

/** A real Temporal server, and one worker for the fleets of all tests of a file, whose VPNs are stand-ins. */
export class FleetBench {
  private constructor(
    private readonly bench: TemporalBench,
    private readonly queue: string,
  ) {}

  /** For all tests of a file. @returns the bench for the tests, and a function that stops it */
  static async start(historyIsLongAt: number): Promise<{ fleets: FleetBench; stop: () => Promise<void> }> {
    const [bench, workflowBundle] = await Promise.all([TemporalBench.start({ historyIsLongAt }), bundleWithStandIns()]);
    const queue = taskQueue(`f-${randomUUID().slice(0, 8)}`);
    const fleets = new FleetBench(bench, queue);
    const worker = await Worker.create({
      connection: bench.env.nativeConnection,
      taskQueue: queue,
      workflowBundle,
      shutdownGraceTime: 0,
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
    // The regular question to VPNs that have not reported comes late, except in tests of it.
    const settings = fleetSettings({ minReplicas: 4, autoscaleIntervalMs: HOUR_MS, ...change, instance });
    const stand = new FleetStand(this.bench.client, settings, this.queue);
    try {
      for (const name of ['a', 'b']) await stand.startVpn(name, 1);
      await stand.supervision.begin();
      await work(stand);
      await recordHistories(this.bench, instance, ['fleet']);
    } finally {
      await stand.end();
    }
  }
}

/** The fleet's workflow on a real server, with two VPNs that are stand-ins. */
export class FleetStand {
  readonly client: Client;
  readonly supervision: FleetSupervision;

  constructor(
    { connection, options }: Client,
    readonly settings: FleetSettings,
    queue: string,
  ) {
    this.client = new Client({
      connection,
      namespace: options.namespace,
      // Like Portward's own client: a workflow that has ended answers no query.
      workflow: { queryRejectCondition: QueryRejectCondition.NOT_OPEN },
      interceptors: { workflow: [startingOn(queue)] },
    });
    this.supervision = new FleetSupervision(this.client, settings, pino({ level: 'silent' }));
  }

  async end(): Promise<void> {
    const { instance } = this.settings;
    const ids = [fleetWorkflowId(instance), ...['a', 'b'].map((name) => vpnWorkflowId(instance, name))];
    const terminated = ids.map((id) => this.client.workflow.getHandle(id).terminate());
    await Promise.allSettled(terminated);
  }

  get fleet() {
    return this.client.workflow.getHandle<typeof fleet>(fleetWorkflowId(this.settings.instance));
  }

  vpn(name: string) {
    return this.client.workflow.getHandle<typeof vpn>(vpnWorkflowId(this.settings.instance, name));
  }

  async startVpn(name: string, target: number, how: { readonly isMute?: boolean } = {}): Promise<void> {
    const { instance } = this.settings;
    await this.client.workflow.start<typeof vpn>('vpn', {
      workflowId: vpnWorkflowId(instance, name),
      taskQueue: taskQueue(instance),
      args: [{ name, target, ...how }],
    });
  }

  async set(name: string, facts: Partial<PoolState>): Promise<void> {
    await this.vpn(name).signal(setPoolStateSignal, facts);
  }

  told(name: string): Promise<number[]> {
    return this.vpn(name).query(toldQuery);
  }

  /** Repeats a query while the fleet continues as new, since its former run does not answer any more. */
  state(): Promise<FleetState> {
    return until('the state of its present run', () =>
      this.fleet.query(fleetStateQuery).catch((error: unknown) => {
        if (error instanceof QueryRejectedError) return null;
        throw error;
      }),
    );
  }

  /** Resolves once the last target of each VPN is this. */
  async keep(targets: Targets): Promise<void> {
    let seen: Record<string, number | undefined> = {};
    await until(
      `the targets ${JSON.stringify(targets)}`,
      async () => {
        for (const name of Object.keys(targets)) seen = { ...seen, [name]: (await this.told(name)).at(-1) };
        return Object.entries(targets).every(([name, target]) => seen[name] === target);
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`last told: ${JSON.stringify(seen)}`, { cause: error });
    });
  }
}
