import { BlockList, isIP, isIPv4 } from 'node:net';
import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../../lib/addresses';
import { bearerToken, type Keys } from './keys';

export interface AccessOptions {
  readonly keys: readonly string[];
  readonly allowUnauthenticated: boolean;
  /** Of pages that may use the API from elsewhere; `*`: any may read. */
  readonly origins: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asks for an API key where one is set. */
    locked?: boolean;
  }
}

const TO_OPEN = 'set API_KEY and send it as "Authorization: Bearer <key>"';

const FROM_AFAR = {
  detail:
    `no API key is set, so only callers in a private network may change something: ${TO_OPEN}, ` +
    'or set ALLOW_UNAUTHENTICATED=true if everyone who reaches this address may',
};

const ANOTHER_SITE = { detail: `a page of another site may not change anything here: ${TO_OPEN}` };

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
  // A link-local one comes with its interface: fe80::1%eth0.
  const [bare = ''] = address.split('%');
  return isIP(bare) !== 0 && privateNetworks.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
}

/** Also whoever comes through a proxy: its own address says nothing about them. */
function isFromAfar({ headers, ip }: FastifyRequest): boolean {
  return !isPrivate(ip) || headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
}

/** In one form each, and IPv4 as such where it comes over IPv6. */
export function exactAddress(ip: string): string {
  return normalizeIP(ip, IPV6_BITS);
}

/** Whether the connection is from this machine or from one of these addresses, and nobody else's request comes through it. */
export function comesFrom(request: FastifyRequest, addresses: readonly string[]): boolean {
  const { headers, ip } = request;
  const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  const address = exactAddress(ip);
  return !forwarded && (isLoopback(address) || addresses.includes(address));
}

/**
 * Of a request that a page makes by itself. A cookie goes along where a page of the same host asks, and an engine's port may be
 * published on this host.
 */
export function isOfAnotherPage({ headers, method }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'] ?? 'none';
  const isNavigation = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  return !['none', 'same-origin'].includes(site) && !isNavigation;
}

/** Whoever controls a name may have it lead here, and then reads what the browser may read. */
export function hasRegistrableName({ headers }: FastifyRequest): boolean {
  const at = `http://${headers.host ?? ''}`;
  return !URL.canParse(at) || !isOfNoDomain(new URL(at).hostname);
}

/** Without a key a browser would carry out what any page it shows asks of this address. */
export function isFromAnotherSite({ headers }: FastifyRequest, origins: readonly string[] = []): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins.includes(origin)) return false;
  if (!URL.canParse(origin)) return true;
  const page = new URL(origin);
  // Somebody's page whose name was made to lead here has that name in both.
  return page.host !== host || !isOfNoDomain(page.hostname);
}

/** An address, or a name without a dot, which nobody can register. */
function isOfNoDomain(hostname: string): boolean {
  return !hostname.includes('.') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** A hook that lets a request to a locked route pass, or answers it. */
export function accessControl(keys: Keys, { allowUnauthenticated, origins }: Omit<AccessOptions, 'keys'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.routeOptions.config.locked !== true) return undefined;
    if (!keys.areSet) {
      if (allowUnauthenticated) return undefined;
      if (isFromAfar(request)) return reply.code(403).send(FROM_AFAR);
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
