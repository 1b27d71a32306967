// The exact shape of every answer of the contract. A field fails if it is neither in the contract nor listed here as Portward's own.
import { Type, type TProperties, type TSchema } from '@sinclair/typebox';
import {
  blockedFields,
  Count,
  engineFields,
  Instant,
  Labels,
  oneOf,
  orchestratorFields,
  orNull,
  Port,
  streamFields,
} from '../../simulator/proxy-client-shapes';

const exactly = <T extends TProperties>(fields: T) => Type.Object(fields, { additionalProperties: false });

export const Engine = exactly({ ...engineFields, p2p_port: orNull(Port) });
export const StreamState = exactly(streamFields);
export const EngineAnswer = exactly({ engine: Engine, streams: Type.Array(StreamState) });
export const StreamEnded = exactly({ updated: Type.Boolean(), stream: StreamState });
export const Sample = exactly({
  ts: Instant,
  peers: orNull(Type.Integer()),
  speed_down: orNull(Type.Integer()),
  speed_up: orNull(Type.Integer()),
  downloaded: orNull(Type.Integer()),
  uploaded: orNull(Type.Integer()),
  status: orNull(Type.String()),
});

export const Container = exactly({
  id: Type.String({ minLength: 1 }),
  name: Type.String({ minLength: 1 }),
  image: orNull(Type.String()),
  created: orNull(Instant),
  status: Type.String({ minLength: 1 }),
  labels: Labels,
  ports: Type.Record(Type.String(), Type.Unknown()),
});

export const OrchestratorStatus = exactly(orchestratorFields);
export const Refusal = exactly({
  detail: exactly({ error: oneOf('provisioning_blocked', 'provisioning_failed'), ...blockedFields }),
});

const Breaker = exactly({
  state: oneOf('closed', 'open', 'half_open'),
  failure_count: Count,
  failure_threshold: Count,
  last_failure_time: orNull(Instant),
  last_success_time: orNull(Instant),
  recovery_timeout: Type.Number(),
});
const breakers = exactly({ general: Breaker, replacement: Breaker });
export const HealthStatus = exactly({
  total_engines: Count,
  healthy_engines: Count,
  unhealthy_engines: Count,
  marked_for_replacement: Count,
  minimum_required: Count,
  health_check_interval: Type.Number(),
  circuit_breakers: breakers,
});

const vpnFields = {
  enabled: Type.Boolean(),
  status: Type.String({ minLength: 1 }),
  container_name: orNull(Type.String()),
  container: orNull(Type.String()),
  health: oneOf('healthy', 'unhealthy', 'starting', 'unknown'),
  connected: Type.Boolean(),
  forwarded_port: orNull(Port),
  last_check: orNull(Instant),
  last_check_at: orNull(Instant),
};
/** The fields that Portward adds to each VPN. The tests of its API check them in detail. */
const added: Record<string, TSchema> = Object.fromEntries(
  [
    'forwarding',
    'port_problem',
    'last_port',
    'problem',
    'remedy',
    'circuit_breakers',
    'engines',
    'replacements_running',
    'stale_seconds',
    'workflow_id',
  ].map((name) => [name, Type.Unknown()]),
);
const Vpn = exactly({ ...vpnFields, ...added });
export const VpnStatus = exactly({
  mode: oneOf('disabled', 'single', 'redundant'),
  ...vpnFields,
  vpn1: orNull(Vpn),
  vpn2: orNull(Vpn),
  vpns: Type.Array(Vpn),
});

export const PublicIp = exactly({ public_ip: Type.String({ minLength: 1 }) });
export const Message = exactly({ message: Type.String({ minLength: 1 }) });
export const Collected = exactly({ status: oneOf('ok') });
export const Deleted = exactly({ deleted: Type.String({ minLength: 1 }) });
export const Scaled = exactly({ scaled_to: Count });
export const Provisioned = exactly({
  container_id: Type.String({ minLength: 1 }),
  container_name: Type.String({ minLength: 1 }),
  host_http_port: Port,
  container_http_port: Port,
  container_https_port: Port,
});

/** Every error has `detail`. */
export const Failure = exactly({ detail: Type.String({ minLength: 1 }) });
export const NotFound = exactly({ error: oneOf('not found'), detail: Type.String({ minLength: 1 }) });
/** An unknown thing; where the old system had `error`, that stands beside `detail`. */
export const Missing = Type.Union([Failure, NotFound]);
