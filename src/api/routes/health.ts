import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';

const Ok = Type.Object({ status: Type.Literal('ok') }, { description: 'Yes.', examples: [{ status: 'ok' }] });

export const healthRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/health/live',
    { schema: { operationId: 'isAlive', summary: 'Whether the process answers', response: { 200: Ok } } },
    async () => ({
      status: 'ok' as const,
    }),
  );

  fastify.get(
    '/health/ready',
    {
      schema: {
        operationId: 'isReady',
        summary: 'Whether there is a list of engines to serve',
        response: { 200: Ok, 503: ErrorSchema },
      },
    },
    async (_request, reply) => {
      const answer = await reads.engines();
      if (answer.kind === 'list') return { status: 'ok' as const };
      return reply.code(503).send({ detail: `no list of engines: ${answer.reason}` });
    },
  );
};
