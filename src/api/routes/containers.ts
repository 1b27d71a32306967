import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { noAnswerOf } from '../../temporal/failure-words';
import { containersOf, findContainer, type ManagedContainer } from '../present/containers';
import { containerExample, ContainerSchema, DeletedSchema } from '../schemas/provisioning';
import type { Reads } from '../reads/reads';
import { ContainerNameSchema, ErrorSchema, NotFoundSchema } from '../schemas/engines';
import { markStale } from '../reads/read';

export interface ContainerRoutesOptions {
  readonly reads: Reads;
  /** CONTAINER_LABEL, `name=value`. */
  readonly containerLabel: string;
  /** Resolves when the workflows have every report of a stream so far. */
  readonly reported: () => Promise<void>;
}

const LabelQuery = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 200 }), value: Type.String({ maxLength: 1_000 }) },
  { additionalProperties: false },
);
const Params = Type.Object({ id: ContainerNameSchema });

function notManaged(id: string) {
  return { error: 'not found', detail: `Portward manages no container '${id}'` };
}

export const containerRoutes: FastifyPluginAsyncTypebox<ContainerRoutesOptions> = async (fastify, options) => {
  const { reads, containerLabel, reported } = options;

  /**
   * The containers of all VPNs except `silent` ones, whose last status is missing or too old. `unsure` are these, and VPNs with a stale
   * status: they may have containers that are not in `all`.
   */
  async function managed(): Promise<{
    all: ManagedContainer[];
    silent: readonly string[];
    unsure: readonly string[];
    staleSeconds: number | null;
  }> {
    const { usable, silent, staleSeconds } = await reads.usableStatuses();
    const views = usable.flatMap(({ status }) => (status.kind === 'none' ? [] : [status.value]));
    const stale = usable.flatMap(({ vpn, status }) => (status.kind === 'stale' ? [vpn] : []));
    const all = views.flatMap((view) => containersOf(view, containerLabel));
    return { all, silent, unsure: [...silent, ...stale], staleSeconds };
  }

  fastify.get(
    '/containers/:id',
    {
      schema: {
        operationId: 'getContainer',
        summary: 'A container that Portward manages, by id or name',
        params: Params,
        response: { 200: ContainerSchema, 404: NotFoundSchema, 503: ErrorSchema },
      },
    },
    async ({ params }, reply) => {
      const { all, unsure, staleSeconds } = await managed();
      const found = findContainer(all, params.id);
      if (!found && unsure.length > 0) return reply.code(503).send({ detail: noAnswerOf(unsure) });
      markStale(reply, staleSeconds);
      if (found) return found.json;
      return reply.code(404).send(notManaged(params.id));
    },
  );

  fastify.delete(
    '/containers/:id',
    {
      config: { locked: true },
      schema: {
        operationId: 'removeContainer',
        summary: 'Remove an engine for good, by id or name',
        description:
          'The engine leaves /engines at once, and is stopped after EVICTION_GRACE_S. An engine that is still booting is ' +
          'stopped at once. If the VPN then has fewer engines than its target, Portward brings up a new one.',
        params: Params,
        response: { 200: DeletedSchema, 404: NotFoundSchema, 503: ErrorSchema },
      },
    },
    async ({ params: { id } }, reply) => {
      const { all, unsure } = await managed();
      const found = findContainer(all, id);
      if (!found && unsure.length > 0) return reply.code(503).send({ detail: noAnswerOf(unsure) });
      const follower = found && reads.follower(found.vpn);
      if (!found || !follower) return reply.code(404).send(notManaged(id));
      if (found.stage === 'leaving') return { deleted: id };
      try {
        await reported();
        await reads.changeAndCatchUp([follower], () => follower.source.remove(found.json.id));
      } catch (error) {
        // The container was removed after its status was read.
        if (error instanceof WorkflowUpdateFailedError) return reply.code(404).send(notManaged(id));
        const lost =
          error instanceof WorkflowNotFoundError ||
          error instanceof ServiceError ||
          error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
        if (!lost) throw error;
        const detail = `no worker has taken the request for VPN '${found.vpn}'; repeat the request`;
        return reply.code(503).send({ detail });
      }
      return { deleted: id };
    },
  );

  fastify.get(
    '/by-label',
    {
      config: { locked: true, limited: false },
      schema: {
        operationId: 'findContainersByLabel',
        summary: 'The containers that Portward manages with this label',
        querystring: LabelQuery,
        response: {
          200: Type.Array(ContainerSchema, {
            description: 'The containers; an empty list if no container has the label.',
            examples: [[containerExample]],
          }),
          503: ErrorSchema,
        },
      },
    },
    async ({ query }, reply) => {
      const { all, silent, staleSeconds } = await managed();
      if (silent.length > 0) return reply.code(503).send({ detail: noAnswerOf(silent) });
      markStale(reply, staleSeconds);
      const made = all.filter(({ stage }) => stage !== 'planned');
      return made.filter(({ json }) => json.labels[query.key] === query.value).map(({ json }) => json);
    },
  );
};
