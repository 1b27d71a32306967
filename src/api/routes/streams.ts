import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { sampleExample, streamExample } from '../http/examples';
import { sampleJson } from '../present/streams';
import { ErrorSchema } from '../schemas/engines';
import { markStale } from '../reads/read';
import { sendReady } from '../reads/ready-body';
import type { StreamReads } from '../streams/stream-reads';
import {
  STREAM_ID_LENGTH_AT_MOST,
  StreamSampleSchema,
  StreamStateSchema,
  StreamsQuerySchema,
} from '../schemas/streams';

export const streamRoutes: FastifyPluginAsyncTypebox<{ streams: StreamReads }> = async (fastify, { streams }) => {
  fastify.get(
    '/streams',
    {
      schema: {
        operationId: 'listStreams',
        summary: 'What proxies have reported to play, oldest first',
        querystring: StreamsQuerySchema,
        response: {
          200: Type.Array(StreamStateSchema, {
            description: 'Those that run, and the last ones that have ended.',
            examples: [[streamExample]],
          }),
          503: ErrorSchema,
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const answer = await streams.body({
        status: query.status === '' ? undefined : query.status,
        containerId: query.container_id === '' ? undefined : query.container_id,
      });
      if (answer.kind === 'unavailable')
        return reply.code(503).send({ detail: `no list of streams: ${answer.reason}` });
      markStale(reply, answer.staleSeconds);
      return sendReady(request, reply, answer.body);
    },
  );

  fastify.get(
    '/streams/:id/stats',
    {
      schema: {
        operationId: 'getStreamStatistics',
        summary: 'What the engine has said of a stream, oldest first',
        params: Type.Object({ id: Type.String({ maxLength: STREAM_ID_LENGTH_AT_MOST }) }),
        querystring: Type.Object({
          since: Type.Optional(
            Type.String({
              pattern: String.raw`^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?|\d{1,15}(\.\d+)?)?$`,
              maxLength: 40,
              description: 'RFC 3339, without a zone: UTC; or seconds since 1970; all if absent or empty',
            }),
          ),
        }),
        response: {
          200: Type.Array(StreamSampleSchema, { description: 'Oldest first.', examples: [[sampleExample]] }),
          422: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params, query }, reply) => {
      const since = query.since ? instant(query.since) : null;
      if (Number.isNaN(since)) return reply.code(422).send({ detail: `since: '${query.since}' is no time` });
      const answer = await streams.samples(params.id, since);
      if ('unavailable' in answer) return reply.code(503).send({ detail: `no list of streams: ${answer.unavailable}` });
      markStale(reply, answer.staleSeconds);
      return answer.samples.map(sampleJson);
    },
  );
};

/** A number from here on can't be seconds: they would be after the year 2600. */
const MILLISECONDS_FROM = 20_000_000_000;

function instant(text: string): number {
  const number = Number(text);
  if (!Number.isNaN(number)) return number < MILLISECONDS_FROM ? number * 1000 : number;
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
