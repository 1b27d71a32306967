import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { WrongKeys } from './rate-limits';

/** The answer to a request whose key is refused. */
export interface KeyRefusal {
  readonly status: 403 | 429;
  readonly detail: string;
  /** Seconds until keys from this address are checked again; null: they are checked at once. */
  readonly retryAfterS: number | null;
}

/** Checks keys against API_KEY and API_KEY_2, and limits wrong keys. */
export class Keys {
  private readonly digests: readonly Buffer[];

  constructor(
    keys: readonly string[],
    private readonly wrongKeys: WrongKeys,
  ) {
    this.digests = keys.map(digest);
  }

  get areSet(): boolean {
    return this.digests.length > 0;
  }

  /** Null if the key is right. */
  async refusal(request: FastifyRequest, key: string): Promise<KeyRefusal | null> {
    const retryAfterS = await this.wrongKeys.refusedFor(request);
    if (retryAfterS > 0) {
      const detail = `too many wrong keys from this address; try again in ${retryAfterS} s`;
      return { status: 429, detail, retryAfterS };
    }
    // Every key is compared in constant time, even after a match, so that the time of the answer tells nothing about the keys.
    const given = digest(key.trim());
    const matches = this.digests.map((right) => timingSafeEqual(right, given));
    if (matches.includes(true)) {
      this.wrongKeys.right(request);
      return null;
    }
    await this.wrongKeys.wrong(request);
    return { status: 403, detail: 'invalid token', retryAfterS: null };
  }
}

/** The key in `Authorization: Bearer KEY`; undefined if there is none. */
export function bearerToken({ headers }: FastifyRequest): string | undefined {
  return /^Bearer\s+(\S.*)$/i.exec(headers.authorization ?? '')?.[1];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
