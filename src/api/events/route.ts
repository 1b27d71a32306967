import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from '@sinclair/typebox';
import { endedStreamExample, startedStreamExample } from '../http/examples';
import { laxStreamStarted } from '../http/lax-bodies';
import { streamJson } from '../present/streams';
import { ErrorSchema } from '../schemas/engines';
import {
  EngineOrStreamNotFound,
  ReportNotStored,
  type StartedReport,
  type StreamEvents,
} from '../streams/stream-events';
import type { StreamHistory } from '../streams/stream-history';
import {
  STREAM_ID_LENGTH_AT_MOST,
  StreamEndedAnswerSchema,
  StreamEndedSchema,
  StreamIdSchema,
  StreamStartedSchema,
  StreamStateSchema,
} from '../schemas/streams';
import { Value } from '@sinclair/typebox/value';
import { messageOf } from '../../lib/errors';

export interface EventRoutesOptions {
  readonly events: StreamEvents;
  readonly history: StreamHistory;
}

export const eventRoutes: FastifyPluginAsyncTypebox<EventRoutesOptions> = async (fastify, { events, history }) => {
  // Waiting reports are stored and answered before the connections are closed.
  fastify.addHook('preClose', async () => {
    await events.flush();
    await new Promise(setImmediate);
  });

  fastify.post(
    '/events/stream_started',
    {
      // No rate limit: the pace of the batches limits what reports cost the workflows.
      config: { locked: true, limited: false },
      preValidation: async (request) => {
        request.body = laxStreamStarted(request.body);
      },
      schema: {
        operationId: 'reportStreamStarted',
        summary: 'Report that a proxy has started a stream on an engine',
        body: StreamStartedSchema,
        response: {
          200: {
            ...StreamStateSchema,
            description: 'The stream. The report is stored.',
            examples: [startedStreamExample],
          },
          404: ErrorSchema,
          422: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ body }, reply) => {
      const report = startedReport(body);
      if (!Value.Check(StreamIdSchema, report.stream.id)) {
        const detail = `id of the stream: expected one line of at most ${STREAM_ID_LENGTH_AT_MOST} characters`;
        return reply.code(422).send({ detail });
      }
      try {
        const stream = await events.started(report);
        return streamJson(stream, history.latest(stream.id));
      } catch (error) {
        return reply.code(statusOf(error)).send({ detail: messageOf(error) });
      }
    },
  );

  fastify.post(
    '/events/stream_ended',
    {
      config: { locked: true, limited: false },
      schema: {
        operationId: 'reportStreamEnded',
        summary: 'Report that a stream has ended',
        body: StreamEndedSchema,
        response: {
          200: {
            ...StreamEndedAnswerSchema,
            description: 'The stream, and whether this report has ended it.',
            examples: [{ updated: true, stream: endedStreamExample }],
          },
          404: ErrorSchema,
          422: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ body }, reply) => {
      const streamId = body.stream_id || null;
      const containerId = body.container_id || null;
      if (streamId === null && containerId === null) {
        return reply.code(422).send({ detail: 'body: expected stream_id or container_id, found neither' });
      }
      try {
        const { updated, stream } = await events.ended({ streamId, containerId, reason: body.reason || null });
        return { updated, stream: streamJson(stream, history.latest(stream.id)) };
      } catch (error) {
        return reply.code(statusOf(error)).send({ detail: messageOf(error) });
      }
    },
  );
};

function startedReport({
  container_id,
  engine,
  stream,
  session,
  labels,
}: Static<typeof StreamStartedSchema>): StartedReport {
  const { playback_session_id: playbackSessionId } = session;
  return {
    engine: { ...engine, containerId: container_id ?? null },
    stream: {
      id: labels?.['stream_id'] || `${stream.key}|${playbackSessionId}`,
      keyType: stream.key_type,
      key: stream.key,
      playbackSessionId,
      statUrl: session.stat_url,
      commandUrl: session.command_url,
      isLive: session.is_live !== 0,
    },
  };
}

/** The status for an error of a report. @throws the error itself if it is an unexpected one */
function statusOf(error: unknown): 404 | 503 {
  if (error instanceof EngineOrStreamNotFound) return 404;
  if (error instanceof ReportNotStored) return 503;
  throw error;
}
