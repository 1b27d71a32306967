import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WrongKeys } from './rate-limits';

export interface AccessOptions {
  readonly keys: readonly string[];
  readonly allowUnauthenticated: boolean;
  /** The address that the API listens on. */
  readonly host: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asks for an API key where one is set. */
    locked?: boolean;
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Whether routes that change something are refused to everybody, because no key is set and others can reach us. */
export function isShut(options: AccessOptions): boolean {
  return options.keys.length === 0 && !options.allowUnauthenticated && !isLoopback(options.host);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const ANOTHER_SITE = {
  detail: 'a page of another site may not change anything here; set API_KEY to let its requests in',
};

function hostname(host: string | undefined): string {
  const url = `http://${host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : '';
}

/** Without a key a browser would carry out what any page it shows asks of this address. */
function isFromAnotherSite({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  // A page whose name was made to lead here sends that name.
  if (!isLoopback(hostname(host))) return true;
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
}

/** A hook that lets a request to a locked route pass, or answers it. */
export function accessControl(options: AccessOptions, wrongKeys: WrongKeys) {
  const keys = options.keys.map(digest);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (request.routeOptions.config.locked !== true) return undefined;
    if (isShut(options)) {
      return reply.code(403).send({
        detail:
          'no API key is set, so this route is closed: set API_KEY and send it as "Authorization: Bearer <key>", ' +
          'or set ALLOW_UNAUTHENTICATED=true if everyone who reaches this address may change things',
      });
    }
    if (keys.length === 0 && options.allowUnauthenticated) return undefined;
    if (keys.length === 0) return isFromAnotherSite(request) ? reply.code(403).send(ANOTHER_SITE) : undefined;
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
