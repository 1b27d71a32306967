import { Type, type Static } from '@sinclair/typebox';
import { CallerEnvSchema, CallerLabelsSchema } from '../../clients/engine/extras';
import { Nullable, PortNumber, Time } from './engines';

// What is asked and answered about engines that are brought up, counted and removed on request.

export const ProvisionBodySchema = Type.Object(
  {
    labels: Type.Optional({
      ...CallerLabelsSchema,
      description: 'put on the container beside those that Portward sets, which can not be given',
    }),
    env: Type.Optional({ ...CallerEnvSchema, description: "wins over the variant's own" }),
    host_port: Type.Optional(
      Nullable({ ...PortNumber, description: 'its HTTP port, in the range of a VPN; any if absent' }),
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
    description: 'The engine answers, or it still boots and will soon: within STARTUP_TIMEOUT_S.',
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

export const refusalCodes = [
  'vpn_disconnected',
  'circuit_breaker',
  'max_capacity',
  'vpn_error',
  'general_error',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

const reason = {
  code: Type.Union(refusalCodes.map((code) => Type.Literal(code))),
  message: Type.String(),
  recovery_eta_seconds: Nullable(Type.Integer({ minimum: 0, description: 'null: nobody knows' })),
  can_retry: Type.Boolean({ description: 'asking again may succeed at any time' }),
  should_wait: Type.Boolean({ description: 'it gets well by itself, so that waiting is worth it' }),
};

export const BlockedReasonSchema = Type.Object(reason);
export type BlockedReasonJson = Static<typeof BlockedReasonSchema>;

const RefusalDetail = Type.Object({
  error: Type.Union(['provisioning_blocked', 'provisioning_failed'].map((error) => Type.Literal(error))),
  ...reason,
});
export type RefusalJson = Static<typeof RefusalDetail>;

/** Proxies read what the detail says; an answer that has nothing to do with engines has a text, as everywhere. */
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
  { description: 'How many engines there will be over all VPNs.', examples: [{ scaled_to: 5 }] },
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
    image: Nullable(Type.String({ description: 'null for an engine that Portward has not made' })),
    created: Nullable({ ...Time, description: 'null for one that is being let go and was found, not made' }),
    status: Type.Union(['created', 'running', 'exited'].map((status) => Type.Literal(status))),
    labels: Type.Record(Type.String(), Type.String()),
    ports: Type.Record(Type.String(), Type.Null(), {
      description: "in Docker's form: the engine uses them and publishes none, since the VPN's container does that",
    }),
  },
  {
    description: 'The container.',
    examples: [containerExample],
  },
);
export type ContainerJson = Static<typeof ContainerSchema>;

export const DeletedSchema = Type.Object(
  { deleted: Type.String({ description: 'the name or id that was asked for' }) },
  { description: 'It is removed, or about to be.', examples: [{ deleted: 'acestream_gluetun_6_1_59bee501' }] },
);
