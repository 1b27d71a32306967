import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { isLoopback, isShut } from '../api/access';
import { app } from '../api/app';
import { apiServer } from '../api/server';
import { TemporalVpnSource } from '../api/vpn-source';
import type { Config } from '../config';

/** Shorter ones can be found by trying. */
const KEY_LENGTH_AT_LEAST = 16;

/** The HTTP API as a listening server. */
export class ApiProgram {
  private readonly server: FastifyInstance;

  constructor(
    private readonly config: Config,
    client: Client,
    private readonly log: Logger,
  ) {
    const { api, instance, vpns } = config;
    // Its own lines (one for each address that it listens on) are not news.
    const loggerInstance: FastifyBaseLogger = log.child({}, { level: 'warn' });
    this.server = apiServer(loggerInstance);
    void this.server.register(app, {
      instance,
      sources: vpns.map(
        (vpn) => new TemporalVpnSource(client, { instance, vpn: vpn.name, queryDeadlineMs: api.queryDeadlineMs }),
      ),
      reads: {
        maxAgeMs: api.enginesMaxAgeMs,
        staleLimitMs: api.enginesStaleLimitMs,
        advertisedHost: api.advertisedHost,
        containerLabel: this.config.containerLabel,
      },
      access: { keys: api.keys, allowUnauthenticated: api.allowUnauthenticated, host: api.host },
      limits: { changesPerMinute: api.changesPerMinute, wrongKeysPerMinute: api.wrongKeysPerMinute },
    });
  }

  async start(): Promise<void> {
    const { api } = this.config;
    const access = { keys: api.keys, allowUnauthenticated: api.allowUnauthenticated, host: api.host };
    if (isShut(access)) {
      this.log.warn(
        'No API_KEY is set: routes that change something are closed. Set API_KEY, or ALLOW_UNAUTHENTICATED=true to open them to all.',
      );
    } else if (api.keys.length === 0 && !isLoopback(api.host)) {
      this.log.warn('ALLOW_UNAUTHENTICATED=true: everyone who reaches the API may replace engines.');
    }
    if (api.keys.some((key) => key.length < KEY_LENGTH_AT_LEAST)) {
      this.log.warn(
        `An API key has fewer than ${KEY_LENGTH_AT_LEAST} characters, so it can be guessed. This makes a good one: openssl rand -hex 32`,
      );
    }
    const shown = ['0.0.0.0', '::'].includes(api.host) ? '127.0.0.1' : api.host;
    try {
      await this.server.listen({ host: api.host, port: api.port });
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      throw taken
        ? new Error(`port ${api.port} is taken by another program: stop that one, or set APP_PORT`, { cause: error })
        : error;
    }
    this.log.info(`API: http://${shown}:${api.port}/engines`);
  }

  async stop(): Promise<void> {
    await this.server.close();
  }
}
