import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

const PREFLIGHT_VALID_FOR_S = 600;

/**
 * Lets pages of these origins read answers and send a key, without cookies. If there are no origins, no CORS header is set, so that browsers
 * show answers only to pages of Portward's own origin.
 */
export async function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await fastify.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
    exposedHeaders: ['X-Portward-Stale', 'Retry-After'],
    maxAge: PREFLIGHT_VALID_FOR_S,
    // The plugin would refuse an OPTIONS request that is not a preflight with a plain text, without `detail`.
    strictPreflight: false,
  });
}
