import { BlockList, isIP, isIPv4 } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../../lib/addresses';
import { bearerToken, type Keys } from './keys';

export interface AccessOptions {
  readonly keys: readonly string[];
  readonly allowUnauthenticated: boolean;
  /** CORS_ORIGINS: origins of other sites' pages that may use the API; with `*`, every page may read. */
  readonly origins: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs the API key if one is set. */
    locked?: boolean;
  }
}

const HOW_TO_ALLOW = 'set API_KEY and send it as "Authorization: Bearer <key>"';

const NOT_PRIVATE = {
  detail:
    `no API key is set, so only callers in a private network may make changes: ${HOW_TO_ALLOW}, ` +
    'or set ALLOW_UNAUTHENTICATED=true to let everybody who reaches this address make changes',
};

const ANOTHER_SITE = { detail: `a page from another site may not make changes: ${HOW_TO_ALLOW}` };

const IPV6_BITS = 128;

/** Loopback, private and link-local addresses (RFC 1122, 1918, 3927, 4193, 4291). */
const privateNetworks = new BlockList();
privateNetworks.addSubnet('127.0.0.0', 8);
privateNetworks.addSubnet('10.0.0.0', 8);
privateNetworks.addSubnet('172.16.0.0', 12);
privateNetworks.addSubnet('192.168.0.0', 16);
privateNetworks.addSubnet('169.254.0.0', 16);
privateNetworks.addAddress('::1', 'ipv6');
privateNetworks.addSubnet('fc00::', 7, 'ipv6');
privateNetworks.addSubnet('fe80::', 10, 'ipv6');

function isPrivate(address: string): boolean {
  // Link-local addresses have the interface in them: fe80::1%eth0.
  const [bare = ''] = address.split('%');
  return isIP(bare) !== 0 && privateNetworks.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
}

/** Whether a reverse proxy has passed the request on. The connection's address is then the proxy's, and not the caller's. */
function isForwarded({ headers }: FastifyRequest): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
}

function isFromOutside(request: FastifyRequest): boolean {
  return !isPrivate(request.ip) || isForwarded(request);
}

/** The canonical form of an address. An IPv4 address that is mapped into IPv6 becomes IPv4. */
export function exactAddress(ip: string): string {
  return normalizeIP(ip, IPV6_BITS);
}

/** Whether the request comes directly, without a proxy, from this machine or from one of these addresses. */
export function comesFrom(request: FastifyRequest, addresses: readonly string[]): boolean {
  const address = exactAddress(request.ip);
  return !isForwarded(request) && (isLoopback(address) || addresses.includes(address));
}

/**
 * Whether a page of another origin makes this request, other than by a link. The browser adds the session cookie even to requests from
 * another port of the same host, where the port of an engine may be published.
 */
export function isFromAnotherPage({ headers, method }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'] ?? 'none';
  const isNavigation = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  return !['none', 'same-origin'].includes(site) && !isNavigation;
}

/**
 * Whether the request was sent to a domain name that somebody can register. The owner of a domain can let it resolve to this machine
 * (DNS rebinding). A page of that domain then has the same origin as the API, and can read its answers.
 */
export function hasRegistrableName({ headers }: FastifyRequest): boolean {
  const address = `http://${headers.host ?? ''}`;
  return !URL.canParse(address) || !isNotRegistrable(new URL(address).hostname);
}

/** Whether a page of another site makes this request. If no key is set, any page in the user's browser could otherwise make changes. */
export function isFromAnotherSite({ headers }: FastifyRequest, origins: readonly string[] = []): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return false;
  if (!URL.canParse(origin)) return true;
  const page = new URL(origin);
  // With DNS rebinding, `Origin` and `Host` are the same, but have a registrable name.
  return page.host !== host || !isNotRegistrable(page.hostname);
}

/** An IP address, or a name without a dot. */
function isNotRegistrable(hostname: string): boolean {
  return !hostname.includes('.') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** A hook that answers requests to locked routes that are not allowed. */
export function accessControl(keys: Keys, { allowUnauthenticated, origins }: Omit<AccessOptions, 'keys'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.routeOptions.config.locked !== true) return undefined;
    if (!keys.areSet) {
      if (allowUnauthenticated) return undefined;
      if (isFromOutside(request)) return reply.code(403).send(NOT_PRIVATE);
      return isFromAnotherSite(request, origins) ? reply.code(403).send(ANOTHER_SITE) : undefined;
    }
    const token = bearerToken(request);
    if (token === undefined)
      return reply.code(401).header('www-authenticate', 'Bearer').send({ detail: 'missing bearer token' });
    const refusal = await keys.refusal(request, token);
    if (refusal === null) return undefined;
    if (refusal.retryAfterS !== null) void reply.header('retry-after', refusal.retryAfterS);
    return reply.code(refusal.status).send({ detail: refusal.detail });
  };
}
