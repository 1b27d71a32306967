import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

const PREFLIGHT_COUNTS_FOR_S = 600;

/**
 * Lets pages of these origins read answers and send a key. None: no header is set, so that browsers show nothing to any
 * page but those from here. Cookies are never sent along.
 */
export async function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await fastify.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
    exposedHeaders: ['X-Portward-Stale', 'Retry-After'],
    maxAge: PREFLIGHT_COUNTS_FOR_S,
    // Its refusal of an OPTIONS that is no preflight is a text without `detail`.
    strictPreflight: false,
  });
}
