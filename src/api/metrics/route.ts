import { Type } from '@sinclair/typebox';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Scrape, type ScrapeOptions } from './scrape';
import { ErrorSchema } from '../schemas/engines';

/** Simultaneous scrapes share one answer, unless a list has changed. */
const MAX_AGE_MS = 250;

const EXAMPLE = [
  '# HELP orch_healthy_engines Engines that answer',
  '# TYPE orch_healthy_engines gauge',
  'orch_healthy_engines 2',
  '',
].join('\n');

export const metricsRoutes: FastifyPluginAsyncTypebox<ScrapeOptions> = async (fastify, options) => {
  const scrape = new Scrape(options);
  const { reads } = options;
  let last: { readonly at: number; readonly version: number; readonly text: Promise<string> } | null = null;
  const text = () => {
    const { version } = reads;
    if (last?.version !== version || performance.now() - last.at > MAX_AGE_MS)
      last = { at: performance.now(), version, text: scrape.text() };
    return last.text;
  };
  fastify.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics in the text format of Prometheus',
        response: {
          200: {
            description: 'The current value of every metric. docs/reference/metrics.md lists them.',
            content: { 'text/plain': { schema: Type.String({ examples: [EXAMPLE] }) } },
          },
          503: { ...ErrorSchema, description: 'The metrics could not be gathered in time.' },
        },
      },
    },
    async (request, reply) => {
      try {
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await text());
      } catch (error) {
        // Old values are not sent, because Prometheus would store them as current ones.
        request.log.warn({ err: error }, 'metrics could not be gathered');
        return reply.code(503).send({ detail: 'metrics could not be gathered' });
      }
    },
  );
};
