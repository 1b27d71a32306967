import type { FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';

/** Their 503 has reasons of its own: no VPN has told an address, as many listen as may. */
const NOT_OF_LISTS = ['/vpn/publicip', '/events/stream', '/page/stream'];

/** Counts what readers were given that was out of date, or refused because it was too old. */
export function countStaleReads(fastify: FastifyInstance): Counter<'route' | 'answer'> {
  const counter = new Counter({
    name: 'portward_stale_reads_total',
    help: 'Reads answered with the last known state (stale), or with 503 because that was too old (refused)',
    labelNames: ['route', 'answer'] as const,
    registers: [],
  });
  fastify.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const { url } = routeOptions;
    // Kubernetes and Compose ask for health again and again: what they hear is no reader's.
    if (method !== 'GET' || url === undefined || url.startsWith('/health/') || NOT_OF_LISTS.includes(url)) return;
    if (reply.statusCode === 503) counter.inc({ route: url, answer: 'refused' });
    else if (reply.hasHeader('x-portward-stale')) counter.inc({ route: url, answer: 'stale' });
  });
  for (const answer of ['stale', 'refused']) counter.inc({ route: '/engines', answer }, 0);
  return counter;
}
