import { createHmac } from 'node:crypto';
import { withDeadline } from '../deadline';

export interface WebhookTarget {
  /** May hold a token, in its path for example. */
  readonly url: string;
  /** Signs each body, if there is one. */
  readonly secret: string | null;
}

const ANSWERS_WITHIN_MS = 5_000;

/**
 * One POST to the address that the configuration names. Neither that address nor anything that the receiver says
 * gets into an error: the one may hold a token, and the other may repeat it.
 */
export class Webhook {
  constructor(
    private readonly target: WebhookTarget,
    private readonly answersWithinMs = ANSWERS_WITHIN_MS,
  ) {}

  /**
   * @param id the receiver knows by it a body that it has had before
   * @throws NotDelivered
   */
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
    let status: number;
    try {
      status = await withDeadline(this.answersWithinMs, signal, async (limit) => {
        const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: limit });
        // What it says besides its status is not read, however long it is.
        await response.body?.cancel();
        return response.status;
      });
    } catch (error) {
      throw new NotDelivered(`the receiver gave no answer (${codeOf(error)})`);
    }
    if (status >= 300 && status < 400) {
      throw new NotDelivered(`the receiver answers ${status}; redirects are not followed, so name the final address`);
    }
    if (status < 200 || status >= 300) throw new NotDelivered(`the receiver answers ${status}`);
  }
}

export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
}

export function signature(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** `fetch` refuses an address with credentials, with an error that shows them. */
function withoutCredentials(address: string): { readonly url: URL; readonly authorization: string | null } {
  const url = new URL(address);
  const { username, password } = url;
  if (username === '' && password === '') return { url, authorization: null };
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Node's code of what went wrong, without the host's name that its message has. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
