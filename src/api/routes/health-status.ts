import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { healthStatus, type PoolSettings } from '../present/pool-status';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';
import { markStale } from '../reads/read';
import { HealthStatusSchema } from '../schemas/status';

export interface HealthStatusOptions {
  readonly reads: Reads;
  readonly pool: PoolSettings;
}

export const healthStatusRoutes: FastifyPluginAsyncTypebox<HealthStatusOptions> = async (fastify, { reads, pool }) => {
  fastify.get(
    '/health/status',
    {
      schema: {
        operationId: 'getHealthStatus',
        summary: 'The health of all engines, and the circuit breakers',
        response: { 200: HealthStatusSchema, 503: ErrorSchema },
      },
    },
    async (_request, reply) => {
      const [listed, { usable, staleSeconds }] = await Promise.all([reads.enginesListed(), reads.usableStatuses()]);
      const status = healthStatus(usable, listed, pool, Date.now());
      if (status === null) return reply.code(503).send({ detail: "no VPN's workflow answers; see /vpn/status" });
      markStale(reply, staleSeconds);
      return status;
    },
  );
};
