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
        summary: 'A summary of everything, and whether an engine can be brought up',
        description: 'The status is always 200. Engines and VPNs whose state is unknown count as missing.',
        response: { 200: OrchestratorStatusSchema },
      },
    },
    async () => {
      const [listed, vpns] = await Promise.all([reads.enginesListed(), reads.statuses()]);
      return orchestratorStatus(vpns, listed, pool, Date.now());
    },
  );
};
