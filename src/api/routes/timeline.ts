import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { timelineExample } from '../http/examples';
import { timelineJson } from '../present/timeline';
import { markStale } from '../reads/read';
import type { Reads } from '../reads/reads';
import { ContainerNameSchema, ErrorSchema } from '../schemas/engines';
import { TimelineSchema } from '../schemas/timeline';

export const timelineRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/vpns/:name/timeline',
    {
      schema: {
        operationId: 'getTimeline',
        summary: 'The ports, outages and replacements of a VPN over the last days',
        params: Type.Object({ name: ContainerNameSchema }),
        response: {
          200: { ...TimelineSchema, description: 'Oldest first.', examples: [timelineExample] },
          404: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      if (!reads.source(params.name)) return reply.code(404).send({ detail: `no VPN '${params.name}' is configured` });
      const status = await reads.status(params.name);
      if (status.kind === 'none')
        return reply.code(503).send({ detail: `the VPN's workflow does not answer: ${status.reason}` });
      markStale(reply, status.kind === 'stale' ? status.seconds : null);
      return timelineJson(params.name, status.value.timeline);
    },
  );
};
