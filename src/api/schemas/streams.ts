import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { keyTypes } from '../../domain/streams/stream';
import { AnyName } from '../../clients/engine/any-name';
import { ContainerNameSchema, EngineSchema, Nullable, ONE_LINE, Time } from './engines';

const MaybeNull = <T extends TSchema>(schema: T) => Type.Optional(Nullable(schema));
const KeyType = Type.Union(keyTypes.map((k) => Type.Literal(k)));
const Count = Nullable(Type.Integer());

const line = (maxLength: number, description: string) => Type.String({ pattern: ONE_LINE, maxLength, description });

const orEmpty = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Literal('')]);

/** Long enough for magnet links with their trackers, and short enough for a workflow's state and history. */
export const STREAM_ID_LENGTH_AT_MOST = 2_000;

/** Other fields are accepted and ignored, because proxies differ in the fields that they send. */
export const StreamStartedSchema = Type.Object(
  {
    container_id: MaybeNull(
      Type.String({ maxLength: 200, description: "the engine's container, if several engines have that port" }),
    ),
    engine: Type.Object({
      host: Type.String({ maxLength: 255 }),
      port: Type.Integer({ minimum: 1, maximum: 65_535, description: "the engine's HTTP port, which identifies it" }),
    }),
    stream: Type.Object({ key_type: KeyType, key: line(1_850, 'the content id, infohash, address or magnet link') }),
    session: Type.Object({
      playback_session_id: line(140, "the engine's id of the playback"),
      stat_url: orEmpty(line(2_000, 'address of the statistics; only its path and query are used')),
      command_url: orEmpty(line(2_000, 'shown in answers, and not used')),
      is_live: Type.Integer({ description: '0: not live; any other number: live' }),
    }),
    labels: MaybeNull(
      Type.Record(AnyName, Type.String(), {
        description: '`stream_id` is the id of the stream; if absent, the id is `key|playback_session_id`',
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

/** Empty strings count as absent. Proxies send this report only once, so it must not be refused for an empty field. */
export const StreamEndedSchema = Type.Object(
  {
    container_id: MaybeNull(
      Type.String({
        maxLength: 200,
        description: 'without stream_id, the newest running stream on this container has ended',
      }),
    ),
    stream_id: MaybeNull(orEmpty(line(STREAM_ID_LENGTH_AT_MOST, 'the id of the stream'))),
    reason: MaybeNull(orEmpty(line(300, 'why the stream ended'))),
  },
  { examples: [{ stream_id: 'dd1e67078381739d14beca697356ab76d49d1a2d|5dc2f2d0', reason: 'client left' }] },
);

export const StreamStateSchema = Type.Object({
  id: Type.String(),
  key_type: KeyType,
  key: Type.String(),
  container_id: Type.String({ description: "the engine's container" }),
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
  updated: Type.Boolean({ description: 'false: the stream had ended already' }),
  stream: StreamStateSchema,
});

export const StreamSampleSchema = Type.Object({
  ts: Time,
  peers: Count,
  speed_down: Count,
  speed_up: Count,
  downloaded: Count,
  uploaded: Count,
  status: Nullable(Type.String({ description: "the engine's status of the stream: `dl`, `prebuf`, …" })),
});
export type StreamSampleJson = Static<typeof StreamSampleSchema>;

export const StreamIdSchema = line(STREAM_ID_LENGTH_AT_MOST, 'the id of the stream');

/** Empty values count as absent. */
export const StreamsQuerySchema = Type.Object({
  status: Type.Optional(Type.Union([Type.Literal('started'), Type.Literal('ended'), Type.Literal('')])),
  container_id: Type.Optional(Type.Union([ContainerNameSchema, Type.Literal('')])),
});
