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
  return `Temporal did not take it, or its answer was lost: ${temporalFailure(error)}. Ask again with Idempotency-Key ${requestId}`;
}

const Params = Type.Object({ name: ContainerNameSchema });

export const replacementRoutes: FastifyPluginAsyncTypebox<{ reads: Reads }> = async (fastify, { reads }) => {
  fastify.get(
    '/vpns/:name/replacements',
    {
      schema: {
        operationId: 'listReplacements',
        summary: 'The running and the latest ended replacements of a VPN, newest first',
        params: Params,
        response: {
          200: Type.Array(ReplacementSchema, { description: 'Newest first.', examples: [[replacementExample]] }),
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
            description: 'The replacement; or that it is written down until a worker comes.',
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
        const replacement = await reads.afterwards([follower], () => source.replace({ ...body, requestId }));
        return await reply.code(202).send(replacementJson(params.name, replacement));
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) {
          return reply.code(409).send({ detail: error.cause?.message ?? error.message });
        }
        if (error instanceof WorkflowNotFoundError) {
          return reply
            .code(503)
            .send({ detail: `the workflow of VPN '${params.name}' is not there yet; try again in a minute` });
        }
        if (error instanceof ServiceError) {
          return reply.code(503).send({ detail: notTaken(error, requestId) });
        }
        if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
        // A server that is away looks the same, and one that has the update keeps it in its memory only. A signal with
        // the same id is in its database; if both arrive they are one replacement.
        try {
          await source.replaceLater({ ...body, requestId });
        } catch (failure) {
          return reply.code(503).send({ detail: notTaken(failure, requestId) });
        }
        return reply.code(202).send({
          id: null,
          request_id: requestId,
          state: 'pending',
          detail: 'no worker has taken it yet; it is carried out when one does, ask again with this Idempotency-Key',
        });
      }
    },
  );
};
