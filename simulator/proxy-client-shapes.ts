// The shapes that a proxy expects in the orchestrator's answers. They do not use Portward's schemas, so that a change of those does not
// change them. Further fields are ignored. A field that is missing or has another type fails the whole answer.
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const oneOf = <T extends string>(...values: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));

/** RFC 3339 with a zone. */
export const Instant = Type.String({
  pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`,
});
export const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
export const Count = Type.Integer({ minimum: 0 });
export const Labels = Type.Record(Type.String(), Type.String());

export const engineFields = {
  container_id: Type.String({ minLength: 1 }),
  container_name: orNull(Type.String()),
  host: Type.String({ minLength: 1 }),
  port: Port,
  labels: Labels,
  forwarded: Type.Boolean(),
  first_seen: Instant,
  last_seen: Instant,
  streams: Type.Array(Type.String()),
  health_status: oneOf('healthy', 'unhealthy', 'unknown'),
  last_health_check: orNull(Instant),
  last_stream_usage: orNull(Instant),
  last_cache_cleanup: orNull(Instant),
  cache_size_bytes: orNull(Type.Integer()),
  vpn_container: orNull(Type.String()),
};
const Engine = Type.Object(engineFields);
export type StrictEngine = Static<typeof Engine>;
export const Engines = Type.Array(Engine);

export const streamFields = {
  id: Type.String({ minLength: 1 }),
  key_type: oneOf('content_id', 'infohash', 'url', 'magnet'),
  key: Type.String(),
  container_id: Type.String(),
  playback_session_id: Type.String(),
  stat_url: Type.String(),
  command_url: Type.String(),
  is_live: Type.Boolean(),
  started_at: Instant,
  ended_at: orNull(Instant),
  status: oneOf('started', 'ended'),
  peers: orNull(Type.Integer()),
  speed_down: orNull(Type.Integer()),
  speed_up: orNull(Type.Integer()),
  downloaded: orNull(Type.Integer()),
  uploaded: orNull(Type.Integer()),
};
export const StreamState = Type.Object(streamFields);
export const StreamStates = Type.Array(StreamState);
export const StreamEnded = Type.Object({ updated: Type.Boolean(), stream: StreamState });

export const blockedFields = {
  code: oneOf('vpn_disconnected', 'circuit_breaker', 'max_capacity', 'vpn_error', 'general_error'),
  message: Type.String(),
  recovery_eta_seconds: orNull(Type.Integer()),
  can_retry: Type.Boolean(),
  should_wait: Type.Boolean(),
};

export const orchestratorFields = {
  status: oneOf('healthy', 'degraded', 'unavailable'),
  timestamp: Instant,
  engines: Type.Object({ total: Count, running: Count, healthy: Count, unhealthy: Count }),
  streams: Type.Object({ active: Count, total: Count }),
  capacity: Type.Object({
    total: Count,
    used: Count,
    available: Count,
    max_replicas: Count,
    min_replicas: Count,
  }),
  vpn: Type.Object({
    enabled: Type.Boolean(),
    connected: Type.Boolean(),
    health: oneOf('healthy', 'unhealthy', 'starting', 'unknown'),
    container: orNull(Type.String()),
    forwarded_port: orNull(Port),
  }),
  provisioning: Type.Object({
    can_provision: Type.Boolean(),
    circuit_breaker_state: oneOf('closed', 'open', 'half_open'),
    last_failure: orNull(Instant),
    blocked_reason: orNull(Type.String()),
    blocked_reason_details: orNull(Type.Object(blockedFields)),
  }),
  config: Type.Object({
    auto_delete: Type.Boolean(),
    grace_period_s: Type.Number(),
    engine_variant: Type.String(),
  }),
};
export const OrchestratorStatus = Type.Object(orchestratorFields);
export type StrictStatus = Static<typeof OrchestratorStatus>;

export const Provisioned = Type.Object({
  container_id: Type.String({ minLength: 1 }),
  container_name: Type.String({ minLength: 1 }),
  host_http_port: Port,
  container_http_port: Port,
  container_https_port: Port,
});
export type StrictProvisioned = Static<typeof Provisioned>;

/** @throws Error that names the first field that is not as expected */
export function decoded<T extends TSchema>(schema: T, body: string): Static<T> {
  const value: unknown = JSON.parse(body);
  if (Value.Check(schema, value)) return value;
  const wrong = Value.Errors(schema, value).First();
  throw new Error(
    `can't be decoded at ${wrong?.path || '/'}: ${wrong?.message}, found ${JSON.stringify(wrong?.value)}`,
  );
}
