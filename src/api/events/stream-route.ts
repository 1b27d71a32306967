import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EventStreams, eventStreamHeaders } from './event-streams';
import { parsePosition } from './feed-position';
import { NewsFeed } from './news-feed';
import type { Told } from './news-follower';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';

/** Beside connections for everything else, see `server.ts`. */
const LISTENERS_AT_MOST = 100;
const COME_BACK_AFTER_MS = 2_000;

const EXAMPLE = [
  `retry: ${COME_BACK_AFTER_MS}\nid: gluetun=59bee501.16`,
  'id: gluetun=59bee501.17\nevent: port_changed\ndata: {"time":"2026-11-23T03:50:41.511Z","vpn":"gluetun","from":65290,"to":40648}',
  '',
].join('\n\n');

export const eventStreamRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  const feed = new NewsFeed(reads.followers);
  const streams = new EventStreams(fastify);

  fastify.head('/events/stream', { schema: { hide: true } }, async (_request, reply) =>
    reply.headers(eventStreamHeaders).send(),
  );

  fastify.get(
    '/events/stream',
    {
      // Made of this route it would never end.
      exposeHeadRoute: false,
      schema: {
        operationId: 'listenToEvents',
        summary: 'What happens on the VPNs, as Server-Sent Events',
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({
              maxLength: 12_000,
              description: 'the id of the last event that was had: goes on after it, also after a restart of Portward',
            }),
          ),
        }),
        response: {
          200: {
            description:
              'Events port_changed, port_lost, port_restored, engine_evicted, engine_provisioned, engine_ready, engine_stopped, vpn_health and gap, without end.',
            content: { 'text/event-stream': { schema: Type.String({ examples: [EXAMPLE] }) } },
          },
          422: { ...ErrorSchema, description: 'Last-Event-ID is not the id of an event from here.' },
          503: { ...ErrorSchema, description: 'Too many listen already.' },
        },
      },
    },
    async ({ headers }, reply) => {
      const asked = headers['last-event-id'];
      const from = asked === undefined || asked === '' ? null : parsePosition(asked);
      if (from === null && asked !== undefined && asked !== '') {
        return reply.code(422).send({ detail: 'Last-Event-ID is not the id of an event from here' });
      }
      if (feed.size >= LISTENERS_AT_MOST) {
        return reply.code(503).send({ detail: `${LISTENERS_AT_MOST} listen already; try again later` });
      }
      const { say, left, answer } = streams.open(reply);
      await feed.listen(from, {
        begin: (id) => say(`retry: ${COME_BACK_AFTER_MS}\n${id === '' ? '' : `id: ${id}\n`}\n`),
        tell: (told) => say(told.map(frame).join('')),
        left,
      });
      return answer();
    },
  );
};

/** JSON has no line breaks, so one line of data is enough. */
function frame({ id, event, data }: Told): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
