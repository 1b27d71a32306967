import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';
import { sendToEveryVpn } from './every-vpn';

const Query = Type.Object(
  {
    operation_type: Type.Optional(
      Type.Union([Type.Literal('general'), Type.Literal('replacement'), Type.Literal('')], {
        description: 'Which breakers to close; both if absent or empty.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const circuitBreakerRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.post(
    '/health/circuit-breaker/reset',
    {
      config: { locked: true },
      schema: {
        operationId: 'resetCircuitBreakers',
        summary: 'Close the circuit breakers of every VPN',
        querystring: Query,
        response: {
          200: Type.Object(
            { message: Type.String() },
            { description: 'The breakers are closed.', examples: [{ message: 'circuit breakers reset' }] },
          ),
          503: ErrorSchema,
        },
      },
    },
    async ({ query }, reply) => {
      const kind = query.operation_type || null;
      const detail = await sendToEveryVpn(reads, (vpn) => vpn.resetBreaker(kind));
      if (detail !== null) return reply.code(503).send({ detail });
      return { message: kind === null ? 'circuit breakers reset' : `circuit breaker for ${kind} reset` };
    },
  );
};
