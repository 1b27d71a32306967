import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { orchestratorStatus, type PoolSettings } from '../present/pool-status';
import type { Reads } from '../reads/reads';
import { OrchestratorStatusSchema } from '../schemas/status';

export interface OrchestratorStatusOptions {
  readonly reads: Reads;
  readonly pool: PoolSettings;
}

export const orchestratorStatusRoutes: FastifyPluginAsyncTypebox<OrchestratorStatusOptions> = async (
  fastify,
  { reads, pool },
) => {
  fastify.get(
    '/orchestrator/status',
    {
      schema: {
        operationId: 'getOrchestratorStatus',
        summary: 'Everything at a glance, and whether an engine can be brought up',
        description: 'Always 200: what is not known counts as not there.',
        response: { 200: OrchestratorStatusSchema },
      },
    },
    async () => {
      const [listed, vpns] = await Promise.all([reads.enginesListed(), reads.statuses()]);
      return orchestratorStatus(vpns, listed, pool, Date.now());
    },
  );
};
