import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { hostAndPort, isLoopback, isUnspecified } from '../lib/addresses';
import type { HintTaker } from '../api/events/recheck-hints';
import { app } from '../api/app';
import { apiServer } from '../api/http/server';
import { TemporalFleetSource } from '../gateways/fleet-source';
import { LastLists } from '../api/reads/last-lists';
import { TemporalVpnSource } from '../gateways/vpn-source';
import type { TemporalUi } from '../api/page/temporal-ui';
import type { Config } from '../config/config';
import { listeningError } from '../lib/listening-port';
import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import { sealingKeySource } from '../secrets/sealing-key';
import { apiPlace } from './api-place';

/** Shorter keys can be found by trying. */
const KEY_LENGTH_AT_LEAST = 16;

export interface ApiProgramDeps {
  readonly client: Client;
  /** Takes hints to the worker, if that runs in this process. */
  readonly hints: HintTaker;
  readonly log: Logger;
  /** The metrics of the worker in this process; null: there is no worker, or its metrics can't be read. */
  readonly workerMetrics: (() => Promise<string>) | null;
  /** Null if Temporal runs elsewhere. */
  readonly temporalUi: TemporalUi | null;
}

/** The HTTP API as a listening server. */
export class ApiProgram {
  private readonly server: FastifyInstance;

  private readonly log: Logger;
  private readonly showsTemporal: boolean;

  constructor(
    private readonly config: Config,
    { client, hints, log, workerMetrics, temporalUi }: ApiProgramDeps,
  ) {
    this.log = log;
    this.showsTemporal = temporalUi !== null;
    const { api, instance, vpns } = config;
    // Fastify logs a line for each address, which nobody needs.
    const loggerInstance: FastifyBaseLogger = log.child({}, { level: 'warn' });
    this.server = apiServer(loggerInstance);
    void this.server.register(app, {
      instance,
      statsHistoryMax: api.statsHistoryMax,
      sources: vpns.map((vpn) => new TemporalVpnSource(client, { instance, vpn: vpn.name })),
      reads: {
        lagMs: api.enginesLagMs,
        staleLimitMs: api.enginesStaleLimitMs,
        advertisedHost: api.advertisedHost,
        containerLabel: this.config.containerLabel,
      },
      lastLists: new LastLists({
        dataDir: config.dataDir,
        instance,
        vpns: vpns.map((vpn) => vpn.name),
        staleLimitMs: api.enginesStaleLimitMs,
        warn: (message) => log.warn(message),
      }),
      access: { keys: api.keys, allowUnauthenticated: api.allowUnauthenticated, origins: api.origins },
      fleet: new TemporalFleetSource(client, instance),
      pool: {
        ...config.pool,
        engineVariant: config.engine.variantName,
        healthCheckIntervalMs: config.engine.healthCheckIntervalMs,
      },
      sealingKey: sealingKeySource(config),
      limits: { changesPerMinute: api.changesPerMinute, wrongKeysPerMinute: api.wrongKeysPerMinute },
      temporalUi,
      workerMetrics,
      hints,
    });
  }

  /** Makes the server ready without listening. The build uses it to see which modules a start loads. */
  async prepare(): Promise<void> {
    await this.server.ready();
  }

  async start(): Promise<void> {
    const { api } = this.config;
    if (api.keys.length === 0 && !isLoopback(api.host)) {
      const who = api.allowUnauthenticated
        ? 'ALLOW_UNAUTHENTICATED=true: everyone'
        : 'No API_KEY is set: everyone in a private network';
      this.log.warn(`${who} who reaches the API may start and remove engines. Set API_KEY to ask for a key.`);
    }
    if (api.keys.some((key) => key.length < KEY_LENGTH_AT_LEAST)) {
      this.log.warn(
        `An API key has fewer than ${KEY_LENGTH_AT_LEAST} characters, so it can be guessed. This makes a good one: openssl rand -hex 32`,
      );
    }
    const shown = isUnspecified(api.host) ? '127.0.0.1' : api.host;
    try {
      await this.server.listen({ host: api.host, port: api.port });
    } catch (error) {
      throw listeningError(error, apiPlace(this.config));
    }
    const at = `http://${hostAndPort(shown, api.port)}`;
    this.log.info(`API: ${at}/engines`);
    this.log.info(`Page: ${at}/`);
    if (this.showsTemporal) this.log.info(`Temporal UI: ${at}${TEMPORAL_UI_PATH}`);
  }

  async stop(): Promise<void> {
    await this.server.close();
  }
}
