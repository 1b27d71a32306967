import type { Client, Connection } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities, type Activities } from '../activities';
import type { VpnHints } from '../activities/port/vpn-hints';
import type { Config } from '../config/config';
import { DockerEvents } from '../clients/docker/docker-events';
import type { DockerHost } from '../clients/docker/docker-host';
import { pullWithProgress } from '../clients/docker/pull';
import { taskQueue } from '../domain/names';
import { growingPauses } from '../lib/growing-pauses';
import { pauseUntil } from '../lib/pause';
import { askingTemporal } from '../temporal/asking';
import { temporalFailure } from '../temporal/failure-words';
import { ensureSearchAttributes } from '../temporal/search-attributes';
import type { TemporalTarget } from '../temporal/client';
import { activityDeps } from './activity-deps';
import { vpnsAreOurs } from './foreign-engines';
import { HandOver } from './hand-over';
import { createWorker } from './worker';
import { forgetCaches } from './supervision/dead-workers';
import { endOtherVersions } from './supervision/other-version';
import { FleetSupervision } from './supervision/fleet';
import { searchAttributes } from './search-attributes';
import { fleetSettings, vpnSettings } from './settings';
import { Supervision } from './supervision/supervision';
import { messageOf } from '../lib/errors';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Between two watches of a VPN there is none, on a busy machine for a second or two. */
const BETWEEN_WATCHES_MS = 2_000;
/** After this a server that hangs counts as unreachable. */
const TEMPORAL_ANSWERS_WITHIN_MS = 10_000;

export interface WorkerProgramDeps {
  readonly docker: DockerHost;
  readonly target: TemporalTarget;
  readonly client: Client;
  readonly connection: Connection;
  /** Hints from the API, if that runs in this process. */
  readonly hints: VpnHints;
  readonly log: Logger;
}

/** The part of Portward that works on the VPNs: activities, workflows, and the supervision of the workflows. */
export class WorkerProgram {
  private readonly docker: DockerHost;
  private readonly events: DockerEvents;
  private readonly stopping = new AbortController();
  private readonly handOver = new HandOver();
  private readonly fleet: FleetSupervision;
  private readonly activities: Activities;
  private worker: Worker | null = null;
  private supervision: Supervision | null = null;
  private othersEnded = false;
  private hasTried = false;
  private running: Promise<void> | null = null;

  constructor(
    private readonly config: Config,
    private readonly deps: WorkerProgramDeps,
  ) {
    this.docker = deps.docker;
    this.events = new DockerEvents(deps.docker, { log: deps.log });
    this.fleet = new FleetSupervision(deps.client, fleetSettings(config), deps.log);
    this.activities = createActivities(
      activityDeps(config, { ...deps, events: this.events, stopping: this.handOver.leaving }),
    );
  }

  /** Checks what must hold before anything is done to the VPNs. Docker may be unreachable. @throws ForeignEngines */
  async prepare(): Promise<void> {
    if (!(await vpnsAreOurs(this.config, this.docker))) void this.checkVpnsLater();
    if (this.config.engine.pullPolicy === 'always') void this.refreshImage();
  }

  /** Starts the worker, which waits until Temporal and Docker answer. */
  begin(): void {
    this.running ??= this.keepRunning();
  }

  /**
   * Whether workflows may be queried. A query that arrives before the worker would be handled ahead of the signals
   * with which the supervision begins (`workflows/shared/ahead-of-history.ts`); a later one is answered together with them.
   */
  get mayBeAsked(): boolean {
    return this.hasTried;
  }

  /**
   * Temporal was restarted, perhaps with an empty database. Without this call that would show only at the next check.
   */
  checkWorkflows(): void {
    this.supervision?.checkNow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.handOver.stop(this.worker, async (giveUp) =>
      this.supervision?.handOver(giveUp, (vpn) => this.deps.hints.wasWatchedWithin(vpn, BETWEEN_WATCHES_MS)),
    );
    await Promise.all([this.running, this.events.close()]);
  }

  private async checkVpnsLater(): Promise<void> {
    const { signal } = this.stopping;
    try {
      do await pauseUntil(LONGEST_PAUSE_MS, signal);
      while (!signal.aborted && !(await vpnsAreOurs(this.config, this.docker)));
    } catch (error) {
      this.deps.log.fatal(messageOf(error));
      process.exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    }
  }

  /**
   * Pulls the newest image in the background; a present older one is used meanwhile. A missing image is pulled by the
   * VPN workflows.
   */
  private async refreshImage(): Promise<void> {
    const { image } = this.config.engine.variant;
    try {
      await pullWithProgress(this.docker, image, { signal: this.stopping.signal, log: this.deps.log });
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.deps.log.warn(`Image ${image} could not be pulled: ${messageOf(error)}`);
    }
  }

  private async keepRunning(): Promise<void> {
    const { signal } = this.stopping;
    let pauses = growingPauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    let loggedFailure: string | null = null;
    while (!signal.aborted) {
      try {
        await this.runOnce(() => {
          if (loggedFailure !== null) this.deps.log.info('Temporal answers again');
          loggedFailure = null;
          pauses = growingPauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        });
      } catch (error) {
        this.hasTried = true;
        if (signal.aborted) return;
        const kind = kindOf(error);
        if (kind !== loggedFailure)
          this.deps.log.error(
            { event: 'temporal unreachable' },
            `Temporal at ${this.deps.target.connection.address} is not reachable, trying again: ${temporalFailure(error)}`,
          );
        loggedFailure = kind;
      }
      await this.supervision?.stop();
      await pauseUntil(pauses.next().value, signal);
    }
  }

  private async runOnce(connected: () => void): Promise<void> {
    const { config } = this;
    const { nativeConnection, namespace } = this.deps.target;
    const connection = await NativeConnection.connect(nativeConnection);
    try {
      await this.askingTemporal(() => this.deps.connection.workflowService.describeNamespace({ namespace }));
      await this.askingTemporal(() => this.endOtherVersions());
      await this.askingTemporal(() => forgetCaches(this.deps.client, taskQueue(config.instance)));
      const permitted = await this.askingTemporal(() => this.permittedSearchAttributes());
      const settings = config.vpns.map((vpn) => vpnSettings(config, vpn, permitted));
      if (this.stopping.signal.aborted) return;
      this.supervision = new Supervision(this.deps.client, settings, this.deps.log, this.fleet);
      // The worker's thread starts while the workflows are signalled. Neither fails because of the other.
      [this.worker] = await Promise.all([this.makeWorker(connection), this.supervision.start()]);
      this.hasTried = true;
      connected();
      if (this.stopping.signal.aborted) return;
      await this.worker.run();
    } finally {
      await connection.close();
    }
  }

  private makeWorker(connection: NativeConnection): Promise<Worker> {
    const { config } = this;
    return createWorker({
      connection,
      namespace: this.deps.target.namespace,
      taskQueue: taskQueue(config.instance),
      activities: this.activities,
      vpns: config.vpns.length,
      engines: Math.max(config.pool.maxReplicas, config.vpns.length),
      handOver: this.handOver,
    });
  }

  private askingTemporal<T>(ask: () => Promise<T>): Promise<T> {
    const { connection } = this.deps.client;
    return askingTemporal(connection, { withinMs: TEMPORAL_ANSWERS_WITHIN_MS, signal: this.stopping.signal }, ask);
  }

  /**
   * Runs before this worker takes up any work, and only once a process: otherwise two workers of different versions
   * would end each other's workflows whenever Temporal was unreachable.
   */
  private async endOtherVersions(): Promise<void> {
    if (this.othersEnded) return;
    const { instance, vpns } = this.config;
    const { client, log } = this.deps;
    // The fleet's workflow first, since it would go on setting the targets of VPNs.
    await this.fleet.endOtherVersion();
    await endOtherVersions({ client, instance, vpns: vpns.map((vpn) => vpn.name), log });
    this.othersEnded = true;
  }

  /** Adds the search attributes that the namespace lacks. If that is not allowed, Portward goes without them. */
  private async permittedSearchAttributes(): Promise<string[]> {
    try {
      await ensureSearchAttributes(this.deps.connection, this.deps.target.namespace, searchAttributes);
      return Object.keys(searchAttributes);
    } catch (error) {
      this.deps.log.warn(`Temporal's search attributes can't be set up, going on without: ${temporalFailure(error)}`);
      return [];
    }
  }
}

/** Failures of one kind are logged once: their messages may differ in times and numbers. */
function kindOf(error: unknown): string {
  const words = temporalFailure(error);
  return error instanceof Error && words === error.message ? error.name : words;
}
