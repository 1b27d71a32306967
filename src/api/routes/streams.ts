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
        summary: 'The streams that proxies have reported, oldest first',
        querystring: StreamsQuerySchema,
        response: {
          200: Type.Array(StreamStateSchema, {
            description: 'The running streams, and the last ended ones.',
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
        summary: 'The statistics of a stream from its engine, oldest first',
        params: Type.Object({ id: Type.String({ maxLength: STREAM_ID_LENGTH_AT_MOST }) }),
        querystring: Type.Object({
          since: Type.Optional(
            Type.String({
              pattern: String.raw`^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?|\d{1,15}(\.\d+)?)?$`,
              maxLength: 40,
              description:
                'RFC 3339, in UTC if there is no zone, or seconds since 1970. All statistics if absent or empty.',
            }),
          ),
        }),
        response: {
          200: Type.Array(StreamSampleSchema, {
            description: 'The samples, oldest first; none if there is no such stream.',
            examples: [[sampleExample]],
          }),
          422: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params, query }, reply) => {
      const since = query.since ? instant(query.since) : null;
      if (Number.isNaN(since)) return reply.code(422).send({ detail: `since: '${query.since}' is not a valid time` });
      const answer = await streams.samples(params.id, since);
      if ('unavailable' in answer) return reply.code(503).send({ detail: `no list of streams: ${answer.unavailable}` });
      markStale(reply, answer.staleSeconds);
      return answer.samples.map(sampleJson);
    },
  );
};

/** A larger number is in milliseconds: as seconds, it would be after the year 2600. */
const MILLISECONDS_FROM = 20_000_000_000;

function instant(text: string): number {
  const number = Number(text);
  if (!Number.isNaN(number)) return number < MILLISECONDS_FROM ? number * 1000 : number;
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
