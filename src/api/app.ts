import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyError, FastifyPluginAsync } from 'fastify';
import { TEMPORAL_UI_PATH } from '../temporal/ui-path';
import type { SealingKey } from '../secrets/seal';
import { countStaleReads } from './metrics/stale-reads';
import { accessControl, type AccessOptions } from './http/access';
import { setContentTypes } from './http/content-type';
import { allowOrigins } from './http/cross-origin';
import type { FleetSource } from '../gateways/fleet-source';
import type { LastLists } from './reads/last-lists';
import { answerUnknownRoutes } from './http/no-route';
import { poolLimits, type PoolSettings } from './present/pool-status';
import { Keys } from './http/keys';
import { Provisioning } from './provisioning/provisioning';
import { describeApi, serveDescription, serveDocsPage } from './http/openapi';
import { limitChanges, WrongKeys, type RateLimits } from './http/rate-limits';
import { Reads, type ReadsOptions } from './reads/reads';
import type { HintTaker } from './events/recheck-hints';
import { circuitBreakerRoutes } from './routes/circuit-breakers';
import { containerRoutes } from './routes/containers';
import { engineRoutes } from './routes/engines';
import { eventRoutes } from './events/route';
import { eventStreamRoutes } from './events/stream-route';
import { healthRoutes } from './routes/health';
import { healthStatusRoutes } from './routes/health-status';
import { orchestratorStatusRoutes } from './routes/orchestrator-status';
import { poolRoutes } from './routes/pool';
import { pageFiles, pageRoutes } from './page/route';
import { pageStreamRoutes } from './page/stream-route';
import { provisionRoutes } from './routes/provision';
import { metricsRoutes } from './metrics/route';
import { replacementRoutes } from './routes/replacements';
import { streamRoutes } from './routes/streams';
import { temporalUiRoutes, type TemporalUi } from './page/temporal-ui';
import { timelineRoutes } from './routes/timeline';
import { vpnRoutes } from './routes/vpn';
import { securityHeaders } from './http/security-headers';
import { StreamsPart } from './streams/streams-part';
import type { VpnSource } from '../gateways/vpn-source';

export interface AppOptions {
  readonly sources: readonly VpnSource[];
  readonly reads: Omit<ReadsOptions, 'lastLists'>;
  /** Keeps the last lists for the next start; null: they are not kept. */
  readonly lastLists: Pick<LastLists, 'load' | 'keep' | 'close'> | null;
  readonly access: AccessOptions;
  readonly limits: RateLimits;
  readonly instance: string;
  readonly pool: PoolSettings;
  readonly fleet: FleetSource;
  /** The key that seals the environment that callers give an engine. */
  readonly sealingKey: () => Promise<SealingKey>;
  /** The number of samples kept of each stream. */
  readonly statsHistoryMax: number;
  /** Null: the Temporal server is not the embedded one, so its UI is elsewhere. */
  readonly temporalUi: TemporalUi | null;
  /** Reads the metrics of the worker in this process; null or absent: there is none. */
  readonly workerMetrics?: (() => Promise<string>) | null;
  /** The watches of VPNs in this process; absent: there are none. */
  readonly hints?: HintTaker;
}

const ADDRESS_LENGTH_AT_MOST = 8_192;

/** The HTTP API as a Fastify plugin, so that a server can listen with it, and a test can inject requests. */
export const app: FastifyPluginAsync<AppOptions> = async (fastify, options) => {
  const { lastLists } = options;
  const reads = new Reads(options.sources, { ...options.reads, lastLists }, await lastLists?.load());
  const streams = new StreamsPart(reads, options.statsHistoryMax);

  // Fastify's own validator would drop a misspelt field and convert types. A request with a misspelt `engine` would then replace
  // the forwarded engine.
  fastify.setValidatorCompiler(TypeBoxValidatorCompiler);
  fastify.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  // Before the hooks that refuse requests, so that pages can read refusals, too.
  await allowOrigins(fastify, options.access.origins);
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.url.length <= ADDRESS_LENGTH_AT_MOST) return undefined;
    return reply.code(414).send({ detail: `the address is over ${ADDRESS_LENGTH_AT_MOST} characters` });
  });
  setContentTypes(fastify);
  await limitChanges(fastify, options.limits);
  const keys = new Keys(options.access.keys, new WrongKeys(fastify, options.limits.wrongKeysPerMinute));
  fastify.addHook('onRequest', accessControl(keys, options.access));
  answerUnknownRoutes(fastify);
  fastify.setErrorHandler((error: FastifyError, request, reply) => {
    // The name is not a possible container name, so there is no such container. It is not passed on to a workflow.
    if (error.validation && error.validationContext === 'params')
      return reply.code(404).send({ error: 'not found', detail: 'there is nothing with that name' });
    if (error.validation) return reply.code(422).send({ detail: error.message });
    const status = error.statusCode ?? 500;
    if (status === 415)
      return reply.code(415).send({ detail: 'expected a body with Content-Type application/json, or no body' });
    if (status < 500) return reply.code(status).send({ detail: error.message });
    request.log.error({ err: error }, 'request failed');
    return reply.code(500).send({ detail: 'internal error; see the log' });
  });

  const staleReads = countStaleReads(fastify);
  await describeApi(fastify);
  const routes = fastify.withTypeProvider<TypeBoxTypeProvider>();
  await engineRoutes(routes, { reads, streams: streams.reads });
  await streamRoutes(routes, { streams: streams.reads });
  await eventRoutes(routes, streams);
  const { instance, hints } = options;
  await vpnRoutes(routes, { reads, instance, ...(hints ? { watches: hints } : {}) });
  await replacementRoutes(routes, { reads });
  await timelineRoutes(routes, { reads });
  await healthRoutes(routes, { reads });
  await circuitBreakerRoutes(routes, { reads });
  const { pool, fleet, sealingKey } = options;
  const { containerLabel } = options.reads;
  const provisioning = new Provisioning(reads.followers, { limits: poolLimits(pool), sealingKey, log: fastify.log });
  await provisionRoutes(routes, { provisioning, containerLabel });
  const reported = () => streams.events.flush();
  await poolRoutes(routes, { reads, fleet, reported, ...pool });
  await containerRoutes(routes, { reads, containerLabel, reported });
  await orchestratorStatusRoutes(routes, { reads, pool });
  await healthStatusRoutes(routes, { reads, pool });
  await metricsRoutes(routes, {
    reads,
    instance: options.instance,
    streams: {
      list: async () => {
        const all = await streams.reads.all();
        return all.kind === 'streams' ? all.streams : null;
      },
      staleDetected: () => streams.stale.total,
    },
    counters: [staleReads],
    workerMetrics: options.workerMetrics ?? null,
  });
  await eventStreamRoutes(routes, { reads });
  const page = pageFiles();
  await pageStreamRoutes(routes, {
    reads,
    samples: streams.history,
    hello: {
      build: page?.build ?? '',
      instance,
      temporalUi: options.temporalUi && `${TEMPORAL_UI_PATH}/namespaces/default/workflows/`,
      enginesAtLeast: pool.minReplicas,
      enginesAtMost: poolLimits(pool).enginesAtMost,
    },
  });
  await pageRoutes(fastify, page);
  await temporalUiRoutes(fastify, keys, options.temporalUi);
  serveDescription(fastify);
  fastify.addHook('onReady', async () => {
    reads.start();
    streams.start();
  });
  fastify.addHook('onClose', async () => {
    // The reads stop first, which ends the requests that wait for a list.
    await reads.stop();
    await streams.stop();
    await lastLists?.close();
  });
  await serveDocsPage(fastify);
};
