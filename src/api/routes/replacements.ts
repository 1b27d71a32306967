import { randomUUID } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { temporalFailure } from '../../temporal/failure-words';
import { replacementExample } from '../http/examples';
import { replacementJson } from '../present/vpn';
import type { Reads } from '../reads/reads';
import {
  ContainerNameSchema,
  ErrorSchema,
  IdempotencyKeySchema,
  PendingSchema,
  ReplacementRequestSchema,
  ReplacementSchema,
} from '../schemas/engines';
import { notConfigured, viewFor } from './vpn-view';

function notTaken(error: unknown, requestId: string): string {
  return `Temporal did not take the request, or its answer was lost: ${temporalFailure(error)}. Repeat the request with Idempotency-Key ${requestId}`;
}

const Params = Type.Object({ name: ContainerNameSchema });

export const replacementRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/vpns/:name/replacements',
    {
      schema: {
        operationId: 'listReplacements',
        summary: 'The running and the last ended replacements of a VPN, newest first',
        params: Params,
        response: {
          200: Type.Array(ReplacementSchema, {
            description: 'The replacements, newest first.',
            examples: [[replacementExample]],
          }),
          404: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const view = await viewFor(reply, reads, params.name);
      return view ? view.replacements.map((r) => replacementJson(params.name, r)).toReversed() : reply;
    },
  );

  fastify.post(
    '/vpns/:name/replacements',
    {
      config: { locked: true, optionalBody: true },
      schema: {
        operationId: 'replaceEngine',
        summary: 'Replace an engine now, the forwarded one if none is named',
        params: Params,
        headers: Type.Object({ 'idempotency-key': Type.Optional(IdempotencyKeySchema) }),
        body: ReplacementRequestSchema,
        response: {
          202: Type.Union([ReplacementSchema, PendingSchema], {
            description: 'The replacement; or, while no worker runs, that the request is stored until one does.',
            examples: [
              {
                ...replacementExample,
                cause: 'forced',
                state: 'running',
                new_engine: null,
                made_at: null,
                ready_at: null,
                gone_at: null,
                ended_at: null,
              },
            ],
          }),
          404: ErrorSchema,
          409: ErrorSchema,
          503: ErrorSchema,
        },
      },
    },
    async ({ params, headers, body }, reply) => {
      const follower = reads.follower(params.name);
      if (!follower) return reply.code(404).send(notConfigured(params.name));
      const { source } = follower;
      const requestId = headers['idempotency-key'] ?? randomUUID();
      try {
        const replacement = await reads.changeAndCatchUp([follower], () => source.replace({ ...body, requestId }));
        return await reply.code(202).send(replacementJson(params.name, replacement));
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) {
          return reply.code(409).send({ detail: error.cause?.message ?? error.message });
        }
        if (error instanceof WorkflowNotFoundError) {
          return reply
            .code(503)
            .send({ detail: `the workflow of VPN '${params.name}' does not exist yet; try again in a minute` });
        }
        if (error instanceof ServiceError) {
          return reply.code(503).send({ detail: notTaken(error, requestId) });
        }
        if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
        // No worker has taken the update, or the server is away. The server keeps updates in memory only, but stores
        // signals. So the request is sent as a signal, too. Both have the same id, so they cause only one replacement.
        try {
          await source.replaceLater({ ...body, requestId });
        } catch (failure) {
          return reply.code(503).send({ detail: notTaken(failure, requestId) });
        }
        return reply.code(202).send({
          id: null,
          request_id: requestId,
          state: 'pending',
          detail:
            'no worker has taken the request yet; it is carried out when a worker runs, repeat it with this Idempotency-Key to see the result',
        });
      }
    },
  );
};
