import { Readable } from 'node:stream';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { parsePosition } from '../feed-position';
import { NewsFeed } from '../news-feed';
import type { Told } from '../news-follower';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas';

/** Beside connections for everything else, see `server.ts`. */
const LISTENERS_AT_MOST = 100;
/** Often enough for proxies in between, and for the server's own limit on silence. */
const KEEP_ALIVE_MS = 15_000;
/** Not yet taken by a client; one that is further behind is let go, and may come back for the rest. */
const UNREAD_BYTES_AT_MOST = 256 * 1024;
const COME_BACK_AFTER_MS = 2_000;

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

const EXAMPLE = [
  `retry: ${COME_BACK_AFTER_MS}\nid: gluetun=59bee501.16`,
  'id: gluetun=59bee501.17\nevent: port_changed\ndata: {"time":"2026-11-23T03:50:41.511Z","vpn":"gluetun","from":65290,"to":40648}',
  '',
].join('\n\n');

export const eventStreamRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  const feed = new NewsFeed(reads.followers);
  const streams = new Set<Readable>();
  // Before connections are cut: who listens is told that it is over, and comes back.
  fastify.addHook('preClose', async () => {
    for (const stream of streams) stream.push(null);
    streams.clear();
  });

  fastify.head('/events/stream', { schema: { hide: true } }, async (_request, reply) => reply.headers(HEADERS).send());

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
      const stream = new Readable({ read: () => undefined });
      const left = new AbortController();
      streams.add(stream);
      const say = (text: string) => {
        if (!streams.has(stream)) return;
        if (stream.readableLength > UNREAD_BYTES_AT_MOST) stream.destroy();
        else stream.push(text);
      };
      const keepAlive = setInterval(() => say(': keep-alive\n\n'), KEEP_ALIVE_MS);
      stream.once('close', () => {
        clearInterval(keepAlive);
        streams.delete(stream);
        left.abort();
      });
      // Who leaves before the first byte leaves no stream to close.
      reply.raw.once('close', () => stream.destroy());
      await feed.listen(from, {
        begin: (id) => say(`retry: ${COME_BACK_AFTER_MS}\n${id === '' ? '' : `id: ${id}\n`}\n`),
        tell: (told) => say(told.map(frame).join('')),
        left: left.signal,
      });
      if (stream.destroyed) return reply.hijack();
      return reply.headers(HEADERS).send(stream as never);
    },
  );
};

/** JSON has no line breaks, so one line of data is enough. */
function frame({ id, event, data }: Told): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
