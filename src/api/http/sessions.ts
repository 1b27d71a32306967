import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { exactAddress } from './access';

const COOKIE_NAME = 'portward_session';
const VALID_FOR_S = 12 * 60 * 60;

/**
 * Sessions of people who have entered the key in a browser. A session is a cookie signed with a random secret of this process, so it ends with
 * the process. The key is not part of it, because the key could then be guessed from the cookie. The cookie is valid only from the address that
 * received it: browsers send a cookie to every port of a host, and so to an engine whose port is published there.
 */
export class Sessions {
  private readonly secret = randomBytes(32);

  constructor(private readonly path: string) {}

  /** Begins a session for the sender of this request. Returns the value for Set-Cookie. */
  begin(request: FastifyRequest): string {
    const until = String(Math.floor(Date.now() / 1000) + VALID_FOR_S);
    const value = `${until}.${this.sign(until, request).toString('base64url')}`;
    return `${COOKIE_NAME}=${value}; Path=${this.path}; Max-Age=${VALID_FOR_S}; HttpOnly; SameSite=Strict`;
  }

  /** Whether the request has a valid session. All cookies of that name are checked, because another program on this host may have set one, too. */
  covers(request: FastifyRequest): boolean {
    const own = cookies(request.headers.cookie).filter(({ name }) => name === COOKIE_NAME);
    return own.some(({ value }) => this.isGood(value, request));
  }

  private isGood(value: string, request: FastifyRequest): boolean {
    const [, until, signature] = /^(\d{1,12})\.([\w-]{43})$/.exec(value) ?? [];
    if (until === undefined || signature === undefined) return false;
    const isOurs = timingSafeEqual(Buffer.from(signature, 'base64url'), this.sign(until, request));
    return isOurs && Number(until) > Date.now() / 1000;
  }

  private sign(until: string, { ip }: FastifyRequest): Buffer {
    return createHmac('sha256', this.secret)
      .update(`${until} ${exactAddress(ip)}`)
      .digest();
  }
}

interface Cookie {
  readonly name: string;
  readonly value: string;
}

/** The cookies in a Cookie header. */
export function cookies(header: string | undefined): Cookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [, name, value] = /^\s*([^=\s]+)=(.*?)\s*$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
}
