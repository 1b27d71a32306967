import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EventStreams, eventStreamHeaders } from '../events/event-streams';
import { PageFeed, type PageFeedOptions } from './feed';
import { ErrorSchema } from '../schemas/engines';

/** Leaves enough of the server's connections (`server.ts`) for all other requests. */
const PAGES_AT_MOST = 100;
/** Larger than the first events of a connection, which have the state of all VPNs. */
const UNREAD_BYTES_AT_MOST = 4 * 1024 * 1024;
const RECONNECT_AFTER_MS = 1_000;

const EXAMPLE = [
  `retry: ${RECONNECT_AFTER_MS}`,
  'event: hello\ndata: {"now":1795405865511,"build":"a9c4fef1","instance":"default","vpns":["gluetun"]}',
  'event: vpn\ndata: {"name":"gluetun","health":"healthy","forwarded_port":40648,"engines":[],"streams":[]}',
  '',
].join('\n\n');

export const pageStreamRoutes: FastifyPluginAsyncTypebox<PageFeedOptions> = async (fastify, options) => {
  const feed = new PageFeed(options);
  const streams = new EventStreams(fastify, UNREAD_BYTES_AT_MOST);

  fastify.head('/page/stream', { schema: { hide: true } }, async (_request, reply) =>
    reply.headers(eventStreamHeaders).send(),
  );

  fastify.get(
    '/page/stream',
    {
      // Fastify's own HEAD route would run this handler, whose answer never ends.
      exposeHeadRoute: false,
      schema: {
        operationId: 'followState',
        summary: 'The state that the page shows, as Server-Sent Events',
        description:
          'For the page at `/` only: the content of the events may change with each release. ' +
          'Other programs use `/vpn/status`, `/engines`, `/streams` and `/events/stream`.',
        response: {
          200: {
            description: 'An endless stream of the events hello, vpn, events, samples and beat.',
            content: { 'text/event-stream': { schema: Type.String({ examples: [EXAMPLE] }) } },
          },
          503: { ...ErrorSchema, description: 'Too many pages are open already.' },
        },
      },
    },
    async (_request, reply) => {
      if (feed.size >= PAGES_AT_MOST) {
        return reply.code(503).send({ detail: `${PAGES_AT_MOST} pages are open already; try again later` });
      }
      const { say, left, answer } = streams.open(reply);
      say(`retry: ${RECONNECT_AFTER_MS}\n\n`);
      feed.listen(say, left);
      return answer();
    },
  );
};
