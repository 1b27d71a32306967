import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { exactAddress } from './access';

/** Of the cookie. */
const NAME = 'portward_session';
const LASTS_S = 12 * 60 * 60;

/**
 * Who has given the key in a browser. A session is a cookie that only this process can make, so it ends with the process; it is
 * not made from the key, which could then be guessed from it. It counts from the address that it was given to alone: browsers send a
 * cookie to every port of a host, and so to an engine whose port is published there.
 */
export class Sessions {
  private readonly secret = randomBytes(32);

  constructor(private readonly path: string) {}

  /** Value of Set-Cookie for whoever sent this request. */
  begin(request: FastifyRequest): string {
    const until = String(Math.floor(Date.now() / 1000) + LASTS_S);
    const value = `${until}.${this.sign(until, request).toString('base64url')}`;
    return `${NAME}=${value}; Path=${this.path}; Max-Age=${LASTS_S}; HttpOnly; SameSite=Strict`;
  }

  /** Another program on this host may have set a cookie of the same name beside ours, so all of them are looked at. */
  covers(request: FastifyRequest): boolean {
    const own = cookies(request.headers.cookie).filter(({ name }) => name === NAME);
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

/** Of a Cookie header. */
export function cookies(header: string | undefined): Cookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [, name, value] = /^\s*([^=\s]+)=(.*?)\s*$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
}
