import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { temporalFailure } from '../../temporal/failure-words';
import type { FleetSource } from '../../gateways/fleet-source';
import { RefusalSchema, ScaledSchema, type RefusalCode, type RefusalJson } from '../schemas/provisioning';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';
import { sendToEveryVpn } from './every-vpn';

export interface PoolRoutesOptions {
  readonly reads: Reads;
  readonly fleet: FleetSource;
  /** Resolves when the workflows have every report of a stream so far. */
  readonly reported: () => Promise<void>;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly maxActiveReplicas: number;
}

export const poolRoutes: FastifyPluginAsyncTypebox<PoolRoutesOptions> = async (fastify, options) => {
  const { reads, fleet, reported, minReplicas, maxReplicas, maxActiveReplicas } = options;
  const most = Math.min(maxReplicas, maxActiveReplicas);
  const variable = most < maxReplicas ? 'MAX_ACTIVE_REPLICAS' : 'MAX_REPLICAS';

  fastify.post(
    '/scale/:demand',
    {
      config: { locked: true },
      // Parameters in an address are strings.
      preValidation: async ({ params }, reply) => {
        const demand: unknown = params.demand;
        if (!/^\d{1,9}$/.test(String(demand)))
          return reply.code(422).send({ detail: `params/demand: expected a whole number from 0 to ${most}` });
        params.demand = Number(demand);
        return undefined;
      },
      schema: {
        operationId: 'scale',
        summary: 'Set the number of engines over all VPNs',
        description:
          'At most the lower of MAX_REPLICAS and MAX_ACTIVE_REPLICAS. A number below MIN_REPLICAS counts as MIN_REPLICAS. ' +
          'No engine with a stream is removed.',
        params: Type.Object({ demand: Type.Integer({ examples: [5] }) }),
        response: {
          200: ScaledSchema,
          422: ErrorSchema,
          503: { ...RefusalSchema, description: 'The number is over the limit, or Temporal did not take the request.' },
        },
      },
    },
    async ({ params }, reply) => {
      const { demand } = params;
      if (demand > most) {
        const message = `${demand} engines were requested, and the limit is ${most} (${variable})`;
        return reply.code(503).send({ detail: refusal('max_capacity', message, false) });
      }
      const wanted = Math.max(demand, minReplicas);
      try {
        await reported();
        await fleet.scale(wanted);
      } catch (error) {
        const message = `Temporal did not take the request: ${temporalFailure(error)}. Repeat the request`;
        return reply.code(503).send({ detail: refusal('general_error', message, true) });
      }
      return { scaled_to: wanted };
    },
  );

  fastify.post(
    '/gc',
    {
      config: { locked: true },
      schema: {
        operationId: 'collectGarbage',
        summary: 'Remove idle surplus engines now, without their grace period',
        description: 'Engines with a stream and forwarded engines are not removed.',
        response: {
          200: Type.Object(
            { status: Type.Literal('ok') },
            { description: 'The request was sent to every VPN.', examples: [{ status: 'ok' }] },
          ),
          503: ErrorSchema,
        },
      },
    },
    async (_request, reply) => {
      await reported();
      const detail = await sendToEveryVpn(reads, (vpn) => vpn.collectGarbage());
      if (detail !== null) return reply.code(503).send({ detail });
      return { status: 'ok' as const };
    },
  );
};

/** @param temporary the problem ends by itself, and a repeated request may succeed */
function refusal(code: RefusalCode, message: string, temporary: boolean): RefusalJson {
  const kind = { error: 'provisioning_blocked', code, message } as const;
  return { ...kind, recovery_eta_seconds: null, can_retry: temporary, should_wait: temporary };
}
