import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EventStreams, eventStreamHeaders } from './event-streams';
import { parsePosition } from './feed-position';
import { EventFeed } from './event-feed';
import type { FollowerEvent } from './event-follower';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';

/** Leaves enough of the server's connections (`server.ts`) for all other requests. */
const LISTENERS_AT_MOST = 100;
const RECONNECT_AFTER_MS = 2_000;

const EXAMPLE = [
  `retry: ${RECONNECT_AFTER_MS}\nid: gluetun=59bee501.16`,
  'id: gluetun=59bee501.17\nevent: port_changed\ndata: {"time":"2026-11-23T03:50:41.511Z","vpn":"gluetun","from":65290,"to":40648}',
  '',
].join('\n\n');

export const eventStreamRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  const feed = new EventFeed(reads.followers);
  const streams = new EventStreams(fastify);

  fastify.head('/events/stream', { schema: { hide: true } }, async (_request, reply) =>
    reply.headers(eventStreamHeaders).send(),
  );

  fastify.get(
    '/events/stream',
    {
      // Fastify's own HEAD route would run this handler, whose answer never ends.
      exposeHeadRoute: false,
      schema: {
        operationId: 'listenToEvents',
        summary: 'The events of all VPNs, as Server-Sent Events',
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({
              maxLength: 12_000,
              description:
                'The id of the last received event. The events after it follow, even after a restart of Portward.',
            }),
          ),
        }),
        response: {
          200: {
            description:
              'An endless stream of the events port_changed, port_lost, port_restored, engine_evicted, engine_provisioned, ' +
              'engine_ready, engine_stopped, vpn_health and gap.',
            content: { 'text/event-stream': { schema: Type.String({ examples: [EXAMPLE] }) } },
          },
          422: { ...ErrorSchema, description: 'Last-Event-ID is not the id of an event of this API.' },
          503: { ...ErrorSchema, description: 'There are too many listeners already.' },
        },
      },
    },
    async ({ headers }, reply) => {
      const asked = headers['last-event-id'];
      const from = asked === undefined || asked === '' ? null : parsePosition(asked);
      if (from === null && asked !== undefined && asked !== '') {
        return reply.code(422).send({ detail: 'Last-Event-ID is not the id of an event of this API' });
      }
      if (feed.size >= LISTENERS_AT_MOST) {
        return reply.code(503).send({ detail: `there are ${LISTENERS_AT_MOST} listeners already; try again later` });
      }
      const { say, left, answer } = streams.open(reply);
      await feed.listen(from, {
        begin: (id) => say(`retry: ${RECONNECT_AFTER_MS}\n${id === '' ? '' : `id: ${id}\n`}\n`),
        tell: (events) => say(events.map(frame).join('')),
        left,
      });
      return answer();
    },
  );
};

/** One `data` line is enough, because JSON has no line breaks. */
function frame({ id, event, data }: FollowerEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
