import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { timelineExample } from '../http/examples';
import { timelineJson } from '../present/timeline';
import type { Reads } from '../reads/reads';
import { ContainerNameSchema, ErrorSchema } from '../schemas/engines';
import { TimelineSchema } from '../schemas/timeline';
import { viewFor } from './vpn-view';

export const timelineRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/vpns/:name/timeline',
    {
      schema: {
        operationId: 'getTimeline',
        summary: 'The ports, outages and replacements of a VPN over the last days',
        params: Type.Object({ name: ContainerNameSchema }),
        response: {
          200: { ...TimelineSchema, description: 'The timeline, oldest first.', examples: [timelineExample] },
          404: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const view = await viewFor(reply, reads, params.name);
      return view ? timelineJson(params.name, view.timeline) : reply;
    },
  );
};
