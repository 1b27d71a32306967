import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { engineExample } from '../http/examples';
import type { EnginesList } from '../reads/engines-list';
import type { Reads, Unavailable } from '../reads/reads';
import { sendReady } from '../reads/ready-body';
import { ContainerNameSchema, EngineSchema, ErrorSchema, NotFoundSchema } from '../schemas/engines';
import { markStale } from '../reads/read';
import type { StreamReads } from '../streams/stream-reads';
import { EngineWithStreams } from '../schemas/streams';

export interface EngineRoutesOptions {
  readonly reads: Reads;
  readonly streams: StreamReads;
}

export const engineRoutes: FastifyPluginAsyncTypebox<EngineRoutesOptions> = async (fastify, { reads, streams }) => {
  fastify.get(
    '/engines',
    {
      schema: {
        operationId: 'listEngines',
        summary: 'The engines that can be used now, sorted by port',
        response: {
          200: Type.Array(EngineSchema, { description: 'The engines, sorted by port.', examples: [[engineExample]] }),
          503: ErrorSchema,
        },
      },
    },
    (request, reply) => {
      const send = (list: EnginesList | Unavailable): void => {
        if (list.kind === 'unavailable') {
          void reply.code(503).send({ detail: `no list of engines: ${list.reason}` });
          return;
        }
        markStale(reply, list.staleSeconds);
        void sendReady(request, reply, list.body);
      };
      void reads.engines().then(send, (error: unknown) => reply.send(error as never));
    },
  );

  fastify.get(
    '/engines/:id',
    {
      schema: {
        operationId: 'getEngine',
        summary: 'One engine, by container id or name',
        params: Type.Object({ id: ContainerNameSchema }),
        response: {
          200: {
            ...EngineWithStreams,
            description: 'The engine, and its running streams.',
            examples: [{ engine: engineExample, streams: [] }],
          },
          404: NotFoundSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const answer = await reads.engines();
      if (answer.kind === 'unavailable')
        return reply.code(503).send({ detail: `no list of engines: ${answer.reason}` });
      const engine = answer.engines.find((e) => e.container_id === params.id || e.container_name === params.id);
      if (!engine) return reply.code(404).send({ error: 'not found', detail: `no engine '${params.id}' is listed` });
      markStale(reply, answer.staleSeconds);
      return { engine, streams: [...(await streams.runningOn(engine.container_id))] };
    },
  );
};
