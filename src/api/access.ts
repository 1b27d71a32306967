import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WrongKeys } from './rate-limits';

export interface AccessOptions {
  readonly keys: readonly string[];
  readonly allowUnauthenticated: boolean;
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

/** Without a key a browser would carry out what any page it shows asks of this address. */
function isFromAnotherSite({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  if (!URL.canParse(origin)) return true;
  const page = new URL(origin);
  // Somebody's page whose name was made to lead here has that name in both.
  return page.host !== host || !isOfNoDomain(page.hostname);
}

/** An address, or a name without a dot, which nobody can register. */
function isOfNoDomain(hostname: string): boolean {
  return !hostname.includes('.') || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A hook that lets a request to a locked route pass, or answers it. */
export function accessControl(options: AccessOptions, wrongKeys: WrongKeys) {
  const keys = options.keys.map(digest);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.routeOptions.config.locked !== true) return undefined;
    if (keys.length === 0) {
      if (options.allowUnauthenticated) return undefined;
      if (isFromAfar(request)) return reply.code(403).send(FROM_AFAR);
      return isFromAnotherSite(request) ? reply.code(403).send(ANOTHER_SITE) : undefined;
    }
    const token = /^Bearer\s+(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return reply.code(401).send({ detail: 'missing bearer token' });
    const refusedFor = await wrongKeys.refusedFor(request);
    if (refusedFor > 0) {
      return reply
        .code(429)
        .header('retry-after', refusedFor)
        .send({ detail: `too many wrong keys from this address; try again in ${refusedFor} s` });
    }
    // Every key is compared in constant time, whichever matches.
    const given = digest(token.trim());
    const matches = keys.map((key) => timingSafeEqual(key, given));
    if (matches.includes(true)) {
      wrongKeys.right(request);
      return undefined;
    }
    await wrongKeys.wrong(request);
    return reply.code(403).send({ detail: 'invalid token' });
  };
}
