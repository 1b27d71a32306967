import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import type { EnginesAnswer, Reads } from '../reads';
import { ContainerNameSchema, EngineSchema, EngineWithStreams, ErrorSchema, NotFoundSchema } from '../schemas';

type List = Extract<EnginesAnswer, { kind: 'list' }>;

function markStale(reply: FastifyReply, { staleSeconds }: List): void {
  if (staleSeconds !== null) void reply.header('X-Portward-Stale', String(staleSeconds));
}

export const engineRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/engines',
    {
      schema: {
        summary: 'The engines that may be used now, sorted by port',
        response: { 200: Type.Array(EngineSchema), 503: ErrorSchema },
      },
    },
    async (_request, reply) => {
      const answer = await reads.engines();
      if (answer.kind === 'unavailable')
        return reply.code(503).send({ detail: `no list of engines: ${answer.reason}` });
      markStale(reply, answer);
      // Bytes that were made when the list changed; serialising them for each request would cost most of its time.
      return reply.type('application/json; charset=utf-8').send(answer.body as never);
    },
  );

  fastify.get(
    '/engines/:id',
    {
      schema: {
        summary: 'One engine, by container id or name',
        params: Type.Object({ id: ContainerNameSchema }),
        response: { 200: EngineWithStreams, 404: NotFoundSchema, 503: ErrorSchema },
      },
    },
    async ({ params }, reply) => {
      const answer = await reads.engines();
      if (answer.kind === 'unavailable')
        return reply.code(503).send({ detail: `no list of engines: ${answer.reason}` });
      const engine = answer.engines.find((e) => e.container_id === params.id || e.container_name === params.id);
      if (!engine) return reply.code(404).send({ error: 'not found', detail: `no engine '${params.id}' is listed` });
      markStale(reply, answer);
      return { engine, streams: [] };
    },
  );
};
