import { Type, type Static } from '@sinclair/typebox';
import { BlockedReasonSchema } from './provisioning';
import { BreakerSchema, Nullable, PortNumber, Time } from './engines';

// The summaries for proxies and dashboards.

const Count = Type.Integer({ minimum: 0 });

const breaker = {
  state: 'closed',
  failure_count: 0,
  failure_threshold: 5,
  last_failure_time: null,
  last_success_time: '2026-11-23T03:50:42.701Z',
  recovery_timeout: 300,
};

export const OrchestratorStatusSchema = Type.Object(
  {
    status: Type.Union(
      ['healthy', 'degraded', 'unavailable'].map((s) => Type.Literal(s)),
      {
        description:
          'unavailable: no engine is listed; degraded: a VPN is not connected, or no engine can be brought up',
      },
    ),
    timestamp: Time,
    engines: Type.Object({
      total: Type.Integer({ minimum: 0, description: 'engines listed by /engines' }),
      running: Type.Integer({
        minimum: 0,
        description: 'running containers, including engines that boot or are being released',
      }),
      healthy: Count,
      unhealthy: Count,
    }),
    streams: Type.Object({ active: Count, total: Count }),
    capacity: Type.Object({
      total: Type.Integer({ minimum: 0, description: 'listed engines' }),
      used: Type.Integer({ minimum: 0, description: 'listed engines with a stream' }),
      available: Count,
      max_replicas: Count,
      min_replicas: Count,
    }),
    vpn: Type.Object(
      {
        enabled: Type.Boolean(),
        connected: Type.Boolean(),
        health: Type.Union(['healthy', 'unhealthy', 'starting', 'unknown'].map((h) => Type.Literal(h))),
        container: Nullable(Type.String()),
        forwarded_port: Nullable(PortNumber),
      },
      { description: 'the first connected VPN, or the first VPN if none is connected' },
    ),
    provisioning: Type.Object({
      can_provision: Type.Boolean(),
      circuit_breaker_state: Type.Union(['closed', 'open', 'half_open'].map((s) => Type.Literal(s))),
      last_failure: Nullable(Time),
      blocked_reason: Nullable(Type.String()),
      blocked_reason_details: Nullable(BlockedReasonSchema),
    }),
    config: Type.Object({
      auto_delete: Type.Boolean({ description: 'always true: idle surplus engines are removed' }),
      grace_period_s: Type.Number(),
      engine_variant: Type.String(),
    }),
  },
  {
    description: 'The summary.',
    examples: [
      {
        status: 'healthy',
        timestamp: '2026-11-23T03:51:04.121Z',
        engines: { total: 2, running: 2, healthy: 2, unhealthy: 0 },
        streams: { active: 1, total: 4 },
        capacity: { total: 2, used: 1, available: 1, max_replicas: 20, min_replicas: 1 },
        vpn: { enabled: true, connected: true, health: 'healthy', container: 'gluetun', forwarded_port: 40_648 },
        provisioning: {
          can_provision: true,
          circuit_breaker_state: 'closed',
          last_failure: null,
          blocked_reason: null,
          blocked_reason_details: null,
        },
        config: { auto_delete: true, grace_period_s: 30, engine_variant: 'krinkuto11-amd64' },
      },
    ],
  },
);
export type OrchestratorStatusJson = Static<typeof OrchestratorStatusSchema>;

export const HealthStatusSchema = Type.Object(
  {
    total_engines: Count,
    healthy_engines: Count,
    unhealthy_engines: Count,
    marked_for_replacement: Type.Integer({ minimum: 0, description: 'hidden engines that are being released' }),
    minimum_required: Count,
    health_check_interval: Type.Number({ description: 'seconds' }),
    circuit_breakers: Type.Object(
      { general: BreakerSchema, replacement: BreakerSchema },
      { description: 'the worst breaker of all VPNs: an open one, or else a half open one, or else a closed one' },
    ),
  },
  {
    description: 'The health of all engines.',
    examples: [
      {
        total_engines: 2,
        healthy_engines: 2,
        unhealthy_engines: 0,
        marked_for_replacement: 0,
        minimum_required: 1,
        health_check_interval: 20,
        circuit_breakers: {
          general: breaker,
          replacement: { ...breaker, failure_threshold: 3, recovery_timeout: 180 },
        },
      },
    ],
  },
);
export type HealthStatusJson = Static<typeof HealthStatusSchema>;
