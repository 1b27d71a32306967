import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface RateLimits {
  /** The number of requests from one address to one route that makes changes; 0: no limit. */
  readonly changesPerMinute: number;
  /** The number of wrong keys from one address; 0: no limit. */
  readonly wrongKeysPerMinute: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether `changesPerMinute` applies; if absent, it applies to locked routes. */
    limited?: boolean;
  }
}

const MINUTE_MS = 60_000;

/**
 * Limits requests that make changes, because each lengthens a workflow's history. Reads are not limited: their number does not change how
 * often the workflows are queried.
 */
export async function limitChanges(fastify: FastifyInstance, { changesPerMinute: max }: RateLimits): Promise<void> {
  if (max > 0) {
    fastify.addHook('onRoute', (route) => {
      const { locked = false, limited = locked } = route.config ?? {};
      if (!limited) return;
      route.config = { ...route.config, rateLimit: { max, timeWindow: MINUTE_MS } };
    });
  }
  await fastify.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_request, { ttl }) =>
      Object.assign(new Error(`more than ${max} such requests in a minute; try again in ${Math.ceil(ttl / 1000)} s`), {
        statusCode: 429,
      }),
  });
}

/** How long an address stays trusted after it has sent a right key. */
const TRUSTED_FOR_MS = 24 * 60 * MINUTE_MS;
const TRUSTED_AT_MOST = 1_000;

/**
 * Prevents the guessing of keys: after too many wrong keys from an address, all its keys are refused until the minute is over. An address
 * that has sent a right key within a day is exempt. Otherwise anybody who shares an address with a proxy, as behind a NAT or in rootless
 * Docker, could lock the proxy out.
 */
export class WrongKeys {
  private readonly count: ReturnType<FastifyInstance['createRateLimit']>;
  /** The time of the last right key of each address, oldest first. */
  private readonly trusted = new Map<string, number>();

  /** To be called after `limitChanges`, which adds the plugin for rate limits. */
  constructor(
    private readonly fastify: FastifyInstance,
    private readonly max: number,
  ) {
    this.count = fastify.createRateLimit({ max: Math.max(1, max), timeWindow: MINUTE_MS });
  }

  /** Seconds until keys from this address are checked again; 0: they are checked at once. */
  async refusedFor(request: FastifyRequest): Promise<number> {
    if (this.max === 0 || this.isTrusted(request)) return 0;
    const limit = await this.count(request, { increment: false });
    return !limit.isAllowed && limit.remaining === 0 ? Math.max(1, limit.ttlInSeconds) : 0;
  }

  async wrong(request: FastifyRequest): Promise<void> {
    if (this.max === 0) return;
    const limit = await this.count(request);
    if (limit.isAllowed || limit.remaining > 0 || limit.isExceeded) return;
    this.fastify.log.warn(`${this.max} wrong API keys from ${request.ip} in a minute`);
  }

  right({ ip }: FastifyRequest): void {
    const address = normalizeIP(ip);
    this.trusted.delete(address);
    this.trusted.set(address, Date.now());
    const [oldest] = this.trusted.keys();
    if (this.trusted.size > TRUSTED_AT_MOST && oldest !== undefined) this.trusted.delete(oldest);
  }

  private isTrusted({ ip }: FastifyRequest): boolean {
    const since = this.trusted.get(normalizeIP(ip));
    return since !== undefined && Date.now() - since < TRUSTED_FOR_MS;
  }
}
