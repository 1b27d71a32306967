import { createHmac } from 'node:crypto';
import { httpWithin, type HttpAnswer } from './http';

export interface WebhookTarget {
  /** May hold a token, for example in its path. */
  readonly url: string;
  /** The key that signs each body; null: bodies are not signed. */
  readonly secret: string | null;
}

const ANSWERS_WITHIN_MS = 5_000;

/**
 * Sends POSTs to the configured address. Errors contain neither that address, which may hold a token, nor anything of
 * the receiver's answer, which may repeat the token.
 */
export class Webhook {
  constructor(
    private readonly target: WebhookTarget,
    private readonly answersWithinMs = ANSWERS_WITHIN_MS,
  ) {}

  /** @param id lets the receiver recognise a body that it has had before @throws NotDelivered */
  async post(id: string, content: unknown, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(content);
    const { url, authorization } = withoutCredentials(this.target.url);
    const { secret } = this.target;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'portward',
      'idempotency-key': id,
      ...(authorization === null ? {} : { authorization }),
      ...(secret === null ? {} : { 'x-portward-signature': `sha256=${signature(secret, body)}` }),
    };
    let answer: HttpAnswer;
    try {
      answer = await httpWithin(this.answersWithinMs, url, { method: 'POST', headers, body, signal, bytesAtMost: 0 });
    } catch (error) {
      throw new NotDelivered(`the receiver gave no answer (${codeOf(error)})`, 'failed');
    }
    const { status, headers: said } = answer;
    if (status >= 200 && status < 300) return;
    if (status >= 300 && status < 400) {
      const redirect = `the receiver answers ${status}; redirects are not followed, so name the final address`;
      throw new NotDelivered(redirect, 'refused');
    }
    const isRefusal = status >= 400 && status < 500 && !PASSING.has(status);
    const message = `the receiver answers ${status}`;
    throw new NotDelivered(message, isRefusal ? 'refused' : 'failed', pauseAsked(said.get('retry-after')));
  }
}

/** Client errors that may pass: a time-out, and too many requests. */
const PASSING = new Set([408, 429]);
/** Limit for a receiver that asks for a longer pause: a batch is retried for an hour only. */
const LONGEST_PAUSE_MS = 10 * 60_000;

export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';

  constructor(
    message: string,
    /** `refused`: the same request would be refused again. */
    readonly outcome: 'refused' | 'failed',
    /** The pause that the receiver asks for; null: it asks for none. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** In ms. The header holds seconds or a date (RFC 9110). */
function pauseAsked(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return seconds > 0 ? Math.min(LONGEST_PAUSE_MS, seconds * 1000) : null;
}

export function signature(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/**
 * Moves credentials from the address into a header: `fetch` refuses an address with credentials, in an error that
 * shows them.
 */
function withoutCredentials(address: string): { readonly url: URL; readonly authorization: string | null } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url, authorization: null };
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Node's error code. The message is not used, since it holds the host's name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
