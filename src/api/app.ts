import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifyError, FastifyPluginAsync } from 'fastify';
import { accessControl, type AccessOptions } from './access';
import { describeApi, serveDescription } from './openapi';
import { limitChanges, WrongKeys, type RateLimits } from './rate-limits';
import { Reads, type ReadsOptions } from './reads';
import { circuitBreakerRoutes } from './routes/circuit-breakers';
import { engineRoutes } from './routes/engines';
import { healthRoutes } from './routes/health';
import { replacementRoutes } from './routes/replacements';
import { vpnRoutes } from './routes/vpn';
import { securityHeaders } from './security-headers';
import type { VpnSource } from './vpn-source';

export interface AppOptions {
  readonly sources: readonly VpnSource[];
  readonly reads: ReadsOptions;
  readonly access: AccessOptions;
  readonly limits: RateLimits;
  readonly instance: string;
}

const ADDRESS_LENGTH_AT_MOST = 2_048;

/** The HTTP API, as a plugin: a server only listens, a test injects. */
export const app: FastifyPluginAsync<AppOptions> = async (fastify, options) => {
  const reads = new Reads(options.sources, options.reads);

  // Fastify's own would drop a misspelt field and turn numbers into texts, and so replace an engine that nobody named.
  fastify.setValidatorCompiler(TypeBoxValidatorCompiler);
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers(securityHeaders);
    if (request.url.length <= ADDRESS_LENGTH_AT_MOST) return undefined;
    return reply.code(414).send({ detail: `the address is over ${ADDRESS_LENGTH_AT_MOST} characters` });
  });
  await limitChanges(fastify, options.limits);
  fastify.addHook(
    'onRequest',
    accessControl(options.access, new WrongKeys(fastify, options.limits.wrongKeysPerMinute)),
  );
  fastify.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ detail: `no route ${request.method} ${request.url.split('?')[0]}` }),
  );
  fastify.setErrorHandler((error: FastifyError, request, reply) => {
    // No container can have such a name, so there is none; it goes no further than here.
    if (error.validation && error.validationContext === 'params')
      return reply.code(404).send({ error: 'not found', detail: 'there is nothing of that name' });
    if (error.validation) return reply.code(422).send({ detail: error.message });
    const status = error.statusCode ?? 500;
    if (status === 415)
      return reply.code(415).send({ detail: 'expected a body of Content-Type: application/json, or none' });
    if (status < 500) return reply.code(status).send({ detail: error.message });
    request.log.error({ err: error }, 'request failed');
    return reply.code(500).send({ detail: 'internal error; the log says more' });
  });

  await describeApi(fastify);
  await fastify.register(engineRoutes, { reads });
  await fastify.register(vpnRoutes, { reads, instance: options.instance });
  await fastify.register(replacementRoutes, { reads });
  await fastify.register(healthRoutes, { reads });
  await fastify.register(circuitBreakerRoutes, { reads });
  serveDescription(fastify);
};
