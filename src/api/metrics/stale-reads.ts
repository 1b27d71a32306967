import type { FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';

/** Routes whose 503 has another reason: no public address is known, or there are too many listeners. */
const NOT_COUNTED = ['/vpn/publicip', '/events/stream', '/page/stream'];

/** Counts answers that were out of date, and answers refused because the last known state was too old. */
export function countStaleReads(fastify: FastifyInstance): Counter<'route' | 'answer'> {
  const counter = new Counter({
    name: 'portward_stale_reads_total',
    help: 'Reads answered with the last known state (stale), or with 503 because that was too old (refused)',
    labelNames: ['route', 'answer'] as const,
    registers: [],
  });
  fastify.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const { url } = routeOptions;
    // The health checks of Kubernetes and Compose are not counted: they come all the time, and are not from proxies.
    if (method !== 'GET' || url === undefined || url.startsWith('/health/') || NOT_COUNTED.includes(url)) return;
    if (reply.statusCode === 503) counter.inc({ route: url, answer: 'refused' });
    else if (reply.hasHeader('x-portward-stale')) counter.inc({ route: url, answer: 'stale' });
  });
  for (const answer of ['stale', 'refused']) counter.inc({ route: '/engines', answer }, 0);
  return counter;
}
