import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { callerOptionMistakes } from '../../clients/engine/caller-options';
import { laxProvisioning } from '../http/lax-bodies';
import type { Provisioning } from '../provisioning/provisioning';
import { engineOrder } from '../provisioning/request';
import { ProvisionBodySchema, ProvisionedSchema, RefusalSchema } from '../schemas/provisioning';
import { ErrorSchema } from '../schemas/engines';

export interface ProvisionRoutesOptions {
  readonly provisioning: Provisioning;
  /** CONTAINER_LABEL, `name=value`. */
  readonly containerLabel: string;
}

export const provisionRoutes: FastifyPluginAsyncTypebox<ProvisionRoutesOptions> = async (fastify, options) => {
  const { provisioning, containerLabel } = options;
  fastify.post(
    '/provision/acestream',
    {
      config: { locked: true, optionalBody: true },
      preValidation: async (request) => {
        request.body = laxProvisioning(request.body);
      },
      schema: {
        operationId: 'provisionEngine',
        summary: 'Bring up one more engine',
        description:
          'The engine runs on the healthy VPN with the fewest engines. The response comes when the engine answers, or after ' +
          '2 s if it is still booting. A repeated request with the same body gets the same engine, until somebody uses the ' +
          'engine or STARTUP_TIMEOUT_S have passed since it first answered. Other labels get another engine.',
        body: ProvisionBodySchema,
        response: {
          200: ProvisionedSchema,
          422: ErrorSchema,
          500: { ...RefusalSchema, description: 'The attempt failed.' },
          503: {
            ...RefusalSchema,
            description: 'No engine can be brought up now. The detail gives the reason, and says whether to wait.',
          },
        },
      },
    },
    async ({ body }, reply) => {
      const order = engineOrder(body);
      const mistakes = callerOptionMistakes(order, containerLabel);
      if (mistakes.length > 0) return reply.code(422).send({ detail: mistakes.join('; ') });
      const outcome = await provisioning.provision(order);
      if (outcome.kind === 'invalid') return reply.code(422).send({ detail: outcome.detail });
      if (outcome.kind === 'refused') return reply.code(outcome.status).send({ detail: outcome.refusal });
      return outcome.engine;
    },
  );
};
