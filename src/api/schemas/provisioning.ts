import { Type, type Static } from '@sinclair/typebox';
import { CallerEnvSchema, CallerLabelsSchema } from '../../clients/engine/caller-options';
import { Nullable, PortNumber, Time } from './engines';

// Bodies and answers of the routes that bring up, scale and remove engines.

export const ProvisionBodySchema = Type.Object(
  {
    labels: Type.Optional({
      ...CallerLabelsSchema,
      description: "labels to add to the container's own, which can not be changed",
    }),
    env: Type.Optional({
      ...CallerEnvSchema,
      description: 'environment variables; they override those of the variant',
    }),
    host_port: Type.Optional(
      Nullable({ ...PortNumber, description: "the engine's HTTP port, in the range of a VPN; any port if absent" }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ labels: { stream_id: 'ch-42' }, env: { CACHE_LIMIT: '2' }, host_port: null }],
  },
);
export type ProvisionBody = Static<typeof ProvisionBodySchema>;

export const ProvisionedSchema = Type.Object(
  {
    container_id: Type.String(),
    container_name: Type.String(),
    host_http_port: PortNumber,
    container_http_port: PortNumber,
    container_https_port: PortNumber,
  },
  {
    description: 'The engine. It answers, or is still booting and will answer within STARTUP_TIMEOUT_S.',
    examples: [
      {
        container_id: '37dde0b9071e269445157389a80d7c8288de9be4a7a885cb7f5ab468247f68a3',
        container_name: 'acestream_gluetun_6_1_59bee501',
        host_http_port: 19_003,
        container_http_port: 19_003,
        container_https_port: 45_003,
      },
    ],
  },
);
export type ProvisionedJson = Static<typeof ProvisionedSchema>;

const refusalCodes = ['vpn_disconnected', 'circuit_breaker', 'max_capacity', 'vpn_error', 'general_error'] as const;
export type RefusalCode = (typeof refusalCodes)[number];

const reason = {
  code: Type.Union(refusalCodes.map((code) => Type.Literal(code))),
  message: Type.String(),
  recovery_eta_seconds: Nullable(Type.Integer({ minimum: 0, description: 'null: unknown' })),
  can_retry: Type.Boolean({ description: 'whether a repeated request may succeed at any time' }),
  should_wait: Type.Boolean({ description: 'whether the problem is likely to end by itself' }),
};

export const BlockedReasonSchema = Type.Object(reason);
export type BlockedReasonJson = Static<typeof BlockedReasonSchema>;

const RefusalDetail = Type.Object({
  error: Type.Union(['provisioning_blocked', 'provisioning_failed'].map((error) => Type.Literal(error))),
  ...reason,
});
export type RefusalJson = Static<typeof RefusalDetail>;

/** Proxies read the fields of `detail`. It is a string in errors that any route may give, such as an internal error. */
export const RefusalSchema = Type.Object(
  { detail: Type.Union([RefusalDetail, Type.String()]) },
  {
    examples: [
      {
        detail: {
          error: 'provisioning_blocked',
          code: 'vpn_disconnected',
          message: 'no VPN is healthy (gluetun): an engine could not start',
          recovery_eta_seconds: 11,
          can_retry: true,
          should_wait: true,
        },
      },
    ],
  },
);

export const ScaledSchema = Type.Object(
  { scaled_to: Type.Integer() },
  { description: 'The number of engines that there will be over all VPNs.', examples: [{ scaled_to: 5 }] },
);

export const containerExample = {
  id: '37dde0b9071e269445157389a80d7c8288de9be4a7a885cb7f5ab468247f68a3',
  name: 'acestream_fwd_gluetun_5_1_59bee501',
  image: 'ghcr.io/krinkuto11/acestream-http-proxy:latest',
  created: '2026-11-23T03:50:59.066Z',
  status: 'running',
  labels: { 'ondemand.app': 'myservice', 'acestream.vpn_container': 'gluetun', 'acestream.forwarded': 'true' },
  ports: { '19002/tcp': null, '45002/tcp': null, '40648/tcp': null, '40648/udp': null },
};

export const ContainerSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    image: Nullable(Type.String({ description: 'null for a container that Portward has found and not created' })),
    created: Nullable({
      ...Time,
      description: 'null for a container that Portward has found and not created, and that is being released',
    }),
    status: Type.Union(['created', 'running', 'exited'].map((status) => Type.Literal(status))),
    labels: Type.Record(Type.String(), Type.String()),
    ports: Type.Record(Type.String(), Type.Null(), {
      description: "the engine's ports in Docker's form; each is null, because the VPN's container publishes the ports",
    }),
  },
  {
    description: 'The container.',
    examples: [containerExample],
  },
);
export type ContainerJson = Static<typeof ContainerSchema>;

export const DeletedSchema = Type.Object(
  { deleted: Type.String({ description: 'the name or id in the request' }) },
  {
    description: 'The engine is removed, or is about to be.',
    examples: [{ deleted: 'acestream_gluetun_6_1_59bee501' }],
  },
);
