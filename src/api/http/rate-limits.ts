import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface RateLimits {
  /** Requests to one route that changes something, by one address; 0: no limit. */
  readonly changesPerMinute: number;
  /** Wrong keys by one address; 0: no limit. */
  readonly wrongKeysPerMinute: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Counts towards `changesPerMinute`, as all locked routes do for which it is not false. */
    limited?: boolean;
  }
}

const MINUTE_MS = 60_000;

/**
 * Limits what costs something: requests that change something, each of which lengthens a workflow's history. Reads
 * have none: however many there are, the workflows are asked a dozen times a second at most.
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

/** Where a key that was right came from stays trusted for so long. */
const TRUSTED_FOR_MS = 24 * 60 * MINUTE_MS;
const TRUSTED_AT_MOST = 1_000;

/**
 * Keeps strangers from trying key after key: an address that has sent too many wrong ones is not listened to until
 * the minute is over. An address that a right key came from within a day is always listened to, so that nobody who
 * shares a proxy's address, as behind a NAT or in rootless Docker, can lock that proxy out.
 */
export class WrongKeys {
  private readonly count: ReturnType<FastifyInstance['createRateLimit']>;
  /** When the last right key came from there; the address that was seen longest ago first. */
  private readonly trusted = new Map<string, number>();

  /** After `limitChanges`. */
  constructor(
    private readonly fastify: FastifyInstance,
    private readonly max: number,
  ) {
    this.count = fastify.createRateLimit({ max: Math.max(1, max), timeWindow: MINUTE_MS });
  }

  /** Seconds until this address is listened to again; 0: it is now. */
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
