import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { keyTypes } from '../../domain/streams/stream';
import { AnyName } from '../../clients/engine/any-name';
import { ContainerNameSchema, EngineSchema } from './engines';

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const MaybeNull = <T extends TSchema>(schema: T) => Type.Optional(Nullable(schema));
const Time = Type.String({ format: 'date-time', description: 'RFC 3339, in UTC' });
const KeyType = Type.Union(keyTypes.map((k) => Type.Literal(k)));
const Count = Nullable(Type.Integer());

/** Shown in logs and in the Temporal UI, so on one line. Long enough for magnet links with their trackers. */
const line = (maxLength: number, description: string) =>
  Type.String({
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]+$',
    maxLength,
    description,
  });

const orEmpty = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Literal('')]);

/** In a workflow's state and in its history. */
export const STREAM_ID_LENGTH_AT_MOST = 2_000;

/** Further fields are let pass: proxies differ, and what they say besides is not needed. */
export const StreamStartedSchema = Type.Object(
  {
    container_id: MaybeNull(Type.String({ maxLength: 200, description: "the engine's, where the port is not enough" })),
    engine: Type.Object({
      host: Type.String({ maxLength: 255 }),
      port: Type.Integer({ minimum: 1, maximum: 65_535, description: "the engine's HTTP port: it says which engine" }),
    }),
    stream: Type.Object({ key_type: KeyType, key: line(1_850, 'what is played') }),
    session: Type.Object({
      playback_session_id: line(140, "the engine's"),
      stat_url: orEmpty(line(2_000, 'only its path and query are used, at the engine itself')),
      command_url: orEmpty(line(2_000, 'kept as it is')),
      is_live: Type.Integer({ description: '0: no' }),
    }),
    labels: MaybeNull(
      Type.Record(AnyName, Type.String(), {
        description: '`stream_id`: the id of the stream; without it, `key|playback_session_id`',
      }),
    ),
  },
  {
    examples: [
      {
        container_id: 'acexy',
        engine: { host: 'gluetun', port: 19_002 },
        stream: { key_type: 'infohash', key: 'dd1e67078381739d14beca697356ab76d49d1a2d' },
        session: {
          playback_session_id: '5dc2f2d0',
          stat_url: 'http://gluetun:19002/ace/stat/5dc2f2d0',
          command_url: 'http://gluetun:19002/ace/cmd/5dc2f2d0',
          is_live: 1,
        },
        labels: { stream_id: 'dd1e67078381739d14beca697356ab76d49d1a2d|5dc2f2d0' },
      },
    ],
  },
);

/** It is sent once: what a proxy leaves empty must not cost the end of a stream. */
export const StreamEndedSchema = Type.Object(
  {
    container_id: MaybeNull(
      Type.String({ maxLength: 200, description: 'its newest running stream, without stream_id' }),
    ),
    stream_id: MaybeNull(orEmpty(line(STREAM_ID_LENGTH_AT_MOST, 'as in `labels`, or `key|playback_session_id`'))),
    reason: MaybeNull(orEmpty(line(300, 'kept with the stream'))),
  },
  { examples: [{ stream_id: 'dd1e67078381739d14beca697356ab76d49d1a2d|5dc2f2d0', reason: 'client left' }] },
);

export const StreamStateSchema = Type.Object({
  id: Type.String(),
  key_type: KeyType,
  key: Type.String(),
  container_id: Type.String({ description: "the engine's" }),
  playback_session_id: Type.String(),
  stat_url: Type.String(),
  command_url: Type.String(),
  is_live: Type.Boolean(),
  started_at: Time,
  ended_at: Nullable(Time),
  status: Type.Union([Type.Literal('started'), Type.Literal('ended')]),
  peers: Count,
  speed_down: Nullable(Type.Integer({ description: 'KB/s' })),
  speed_up: Nullable(Type.Integer({ description: 'KB/s' })),
  downloaded: Nullable(Type.Integer({ description: 'bytes' })),
  uploaded: Nullable(Type.Integer({ description: 'bytes' })),
});
export type StreamJson = Static<typeof StreamStateSchema>;

export const EngineWithStreams = Type.Object({ engine: EngineSchema, streams: Type.Array(StreamStateSchema) });

export const StreamEndedAnswerSchema = Type.Object({
  updated: Type.Boolean({ description: 'false: it had ended before' }),
  stream: StreamStateSchema,
});

export const StreamSampleSchema = Type.Object({
  ts: Time,
  peers: Count,
  speed_down: Count,
  speed_up: Count,
  downloaded: Count,
  uploaded: Count,
  status: Nullable(Type.String({ description: "the engine's word: `dl`, `prebuf`, …" })),
});
export type StreamSampleJson = Static<typeof StreamSampleSchema>;

export const StreamIdSchema = line(STREAM_ID_LENGTH_AT_MOST, 'as in `labels`, or `key|playback_session_id`');

/** Empty ones count as absent. */
export const StreamsQuerySchema = Type.Object({
  status: Type.Optional(Type.Union([Type.Literal('started'), Type.Literal('ended'), Type.Literal('')])),
  container_id: Type.Optional(Type.Union([ContainerNameSchema, Type.Literal('')])),
});
