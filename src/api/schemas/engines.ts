import { Type, type Static, type TSchema } from '@sinclair/typebox';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, in UTC' });
export const PortNumber = Type.Integer({ minimum: 1, maximum: 65_535 });

/** Existing proxies decode these names and types strictly: one wrong field makes the whole list invalid for them. */
export const EngineSchema = Type.Object({
  container_id: Type.String(),
  container_name: Nullable(Type.String()),
  host: Type.String({ description: "the VPN container's name, or ADVERTISED_HOST" }),
  port: Type.Integer({ description: "the engine's HTTP API port" }),
  labels: Type.Record(Type.String(), Type.String()),
  forwarded: Type.Boolean({ description: "whether it listens on the VPN's forwarded port" }),
  first_seen: Time,
  last_seen: Time,
  streams: Type.Array(Type.String()),
  health_status: Type.Union([Type.Literal('healthy'), Type.Literal('unhealthy'), Type.Literal('unknown')]),
  last_health_check: Nullable(Time),
  last_stream_usage: Nullable(Time),
  last_cache_cleanup: Nullable(Time),
  cache_size_bytes: Nullable(Type.Integer()),
  vpn_container: Nullable(Type.String()),
  p2p_port: Nullable(PortNumber),
});
export type EngineJson = Static<typeof EngineSchema>;

const vpnFields = {
  enabled: Type.Boolean(),
  status: Type.String({ description: "Docker's status of the container" }),
  container_name: Nullable(Type.String()),
  container: Nullable(Type.String()),
  health: Type.Union(['healthy', 'unhealthy', 'starting', 'unknown'].map((h) => Type.Literal(h))),
  connected: Type.Boolean(),
  forwarded_port: Nullable(PortNumber),
  last_check: Nullable(Time),
  last_check_at: Nullable(Time),
};

/** The current or last restart by which Portward tries to repair a VPN. */
const RemedySchema = Type.Object({
  kind: Type.Union(['restart container', 'restart VPN'].map((k) => Type.Literal(k))),
  started_at: Time,
  ended_at: Nullable(Time),
  error: Nullable(Type.String()),
});

export const BreakerSchema = Type.Object({
  state: Type.Union(['closed', 'open', 'half_open'].map((s) => Type.Literal(s))),
  failure_count: Type.Integer({ description: 'failures since the last success or reset' }),
  failure_threshold: Type.Integer(),
  last_failure_time: Nullable(Time),
  last_success_time: Nullable(Time),
  recovery_timeout: Type.Number({ description: 'seconds' }),
});
export type BreakerJson = Static<typeof BreakerSchema>;

const addedFields = {
  forwarding: Type.Union(['forwarded', 'replacing', 'lost', 'unstable', 'unknown', 'none'].map((f) => Type.Literal(f))),
  port_problem: Nullable(Type.String({ description: 'why the forwarded port can not be read now' })),
  last_port: Nullable(
    Type.Object(
      { port: PortNumber, read_at: Time },
      { description: 'the last port that the control server answered with' },
    ),
  ),
  problem: Nullable(Type.String({ description: 'the problem that keeps this VPN from working, and what to do' })),
  remedy: Nullable(RemedySchema),
  circuit_breakers: Nullable(Type.Object({ general: BreakerSchema, replacement: BreakerSchema })),
  engines: Type.Integer(),
  replacements_running: Type.Integer(),
  stale_seconds: Nullable(
    Type.Number({ description: 'for how long this status may have been out of date; null: it is up to date' }),
  ),
  workflow_id: Type.String(),
};

const VpnSchema = Type.Object({ ...vpnFields, ...addedFields });
export type VpnJson = Static<typeof VpnSchema>;

export const VpnStatusSchema = Type.Object({
  mode: Type.Union(['disabled', 'single', 'redundant'].map((m) => Type.Literal(m))),
  ...vpnFields,
  vpn1: Nullable(VpnSchema),
  vpn2: Nullable(VpnSchema),
  vpns: Type.Array(VpnSchema),
});
export type VpnStatusJson = Static<typeof VpnStatusSchema>;

const EngineName = Type.Object({ container_id: Type.String(), container_name: Type.String() });

export const ReplacementSchema = Type.Object({
  id: Type.String({ description: "the workflow's id" }),
  vpn: Type.String(),
  cause: Type.String(),
  reason: Nullable(Type.String()),
  state: Type.Union(['running', 'completed', 'lost'].map((s) => Type.Literal(s))),
  old_port: Nullable(PortNumber),
  new_port: Nullable(PortNumber),
  old_engine: Nullable(EngineName),
  new_engine: Nullable(EngineName),
  started_at: Time,
  made_at: Nullable(Time),
  ready_at: Nullable(Time),
  gone_at: Nullable(Time),
  ended_at: Nullable(Time),
  failed_attempts: Type.Integer(),
  last_error: Nullable(Type.String()),
});
export type ReplacementJson = Static<typeof ReplacementSchema>;

export const PendingSchema = Type.Object({
  id: Type.Null(),
  request_id: Type.String(),
  state: Type.Literal('pending'),
  detail: Type.String(),
});

/** The container names that Docker accepts, which include ids. No other name is passed on to a workflow or to Docker. */
export const ContainerNameSchema = Type.String({
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
  maxLength: 200,
  description: 'letters, digits, `_`, `.` and `-`',
});

/**
 * One line of text, without line breaks, control characters and changes of the writing direction. Texts from callers are shown in logs and
 * in the Temporal UI, where these characters could forge other lines.
 */
export const ONE_LINE = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]+$';

/** It becomes the id of an update in Temporal. */
export const IdempotencyKeySchema = Type.String({ pattern: '^[\\x20-\\x7e]+$', maxLength: 200 });

export const ReplacementRequestSchema = Type.Object(
  {
    engine: Type.Optional({ ...ContainerNameSchema, description: 'container id or name' }),
    reason: Type.Optional(Type.String({ pattern: ONE_LINE, maxLength: 500, description: 'one line' })),
  },
  {
    additionalProperties: false,
    examples: [{ engine: 'acestream_fwd_gluetun_5_1_59bee501', reason: 'does not find peers' }],
  },
);

export const ErrorSchema = Type.Object({ detail: Type.String() });
export const NotFoundSchema = Type.Object({ detail: Type.String(), error: Type.Optional(Type.String()) });
