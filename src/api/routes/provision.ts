import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { extrasMistakes } from '../../clients/engine/extras';
import { laxProvisioning } from '../http/lax-bodies';
import type { Provisioning } from '../provisioning/provisioning';
import { engineOrder } from '../provisioning/request';
import { ProvisionBodySchema, ProvisionedSchema, RefusalSchema } from '../schemas/provisioning';
import { ErrorSchema } from '../schemas/engines';

export interface ProvisionRoutesOptions {
  readonly provisioning: Provisioning;
  /** `name=value`, marks the containers that are ours. */
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
          'On the healthy VPN with the fewest engines. Answers when the engine answers, or after 2 s while it still boots. ' +
          'The same body again, as from a client that has given up waiting, gets the same engine until somebody uses it or ' +
          'STARTUP_TIMEOUT_S have passed since it answered; with other labels it is another engine.',
        body: ProvisionBodySchema,
        response: {
          200: ProvisionedSchema,
          422: ErrorSchema,
          500: { ...RefusalSchema, description: 'It was tried in vain.' },
          503: {
            ...RefusalSchema,
            description: 'It is not possible now; the detail says why, and whether waiting helps.',
          },
        },
      },
    },
    async ({ body }, reply) => {
      const order = engineOrder(body);
      const mistakes = extrasMistakes(order, containerLabel);
      if (mistakes.length > 0) return reply.code(422).send({ detail: mistakes.join('; ') });
      const outcome = await provisioning.provision(order);
      if (outcome.kind === 'invalid') return reply.code(422).send({ detail: outcome.detail });
      if (outcome.kind === 'refused') return reply.code(outcome.status).send({ detail: outcome.refusal });
      return outcome.engine;
    },
  );
};
