import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { temporalFailure } from '../../temporal/failure-words';
import type { FleetSource } from '../../gateways/fleet-source';
import { RefusalSchema, ScaledSchema, type RefusalCode, type RefusalJson } from '../schemas/provisioning';
import type { Reads } from '../reads/reads';
import { ErrorSchema } from '../schemas/engines';

export interface PoolRoutesOptions {
  readonly reads: Reads;
  readonly fleet: FleetSource;
  /** Resolves when the workflows know of all streams that have been reported until now. */
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
      // What is in an address comes as a text.
      preValidation: async ({ params }, reply) => {
        const demand: unknown = params.demand;
        if (!/^\d{1,9}$/.test(String(demand)))
          return reply.code(422).send({ detail: `params/demand: expected a whole number from 0 to ${most}` });
        params.demand = Number(demand);
        return undefined;
      },
      schema: {
        operationId: 'scale',
        summary: 'How many engines there shall be over all VPNs',
        description:
          'From MIN_REPLICAS to the lower of MAX_REPLICAS and MAX_ACTIVE_REPLICAS; less is taken as MIN_REPLICAS. Streams are never cut off.',
        params: Type.Object({ demand: Type.Integer({ examples: [5] }) }),
        response: {
          200: ScaledSchema,
          422: ErrorSchema,
          503: { ...RefusalSchema, description: 'More than that; or Temporal did not take it.' },
        },
      },
    },
    async ({ params }, reply) => {
      const { demand } = params;
      if (demand > most) {
        const message = `${demand} engines were asked for, and ${most} is the most (${variable})`;
        return reply.code(503).send({ detail: refusal('max_capacity', message, false) });
      }
      const wanted = Math.max(demand, minReplicas);
      try {
        await reported();
        await fleet.scale(wanted);
      } catch (error) {
        const message = `Temporal did not take it: ${temporalFailure(error)}. Ask again`;
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
        summary: 'Remove idle engines beyond the wanted ones now, without their grace period',
        description: 'Never one with a stream, never the forwarded one.',
        response: {
          200: Type.Object(
            { status: Type.Literal('ok') },
            { description: 'Every VPN has been told.', examples: [{ status: 'ok' }] },
          ),
          503: ErrorSchema,
        },
      },
    },
    async (_request, reply) => {
      await reported();
      const told = await reads.afterwards(reads.followers, () =>
        Promise.allSettled(reads.sources.map((source) => source.collectGarbage())),
      );
      const missed = reads.names.filter((_name, i) => told[i]?.status === 'rejected');
      if (missed.length > 0) {
        return reply.code(503).send({ detail: `Temporal did not take it for ${missed.join(', ')}; ask again` });
      }
      return { status: 'ok' as const };
    },
  );
};

/** @param passes it gets well by itself, and asking again may succeed */
function refusal(code: RefusalCode, message: string, passes: boolean): RefusalJson {
  const kind = { error: 'provisioning_blocked', code, message } as const;
  return { ...kind, recovery_eta_seconds: null, can_retry: passes, should_wait: passes };
}
