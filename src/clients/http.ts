import { withDeadline } from '../lib/deadline';
import { causeOfFetch } from '../lib/errors';

// All HTTP requests of Portward to others. Redirects are not followed automatically: they could lead anywhere, and
// take credentials along.

export interface HttpRequest extends Pick<RequestInit, 'method' | 'headers' | 'body'> {
  readonly signal: AbortSignal;
  /** 0: the answer's body is not read, however long it is. */
  readonly bytesAtMost: number;
  /** Whether the body of an unsuccessful answer is read, too. */
  readonly readsFailures?: boolean;
}

export interface HttpAnswer extends Pick<Response, 'status' | 'ok' | 'headers'> {
  readonly url: URL;
  /** Empty if it was not to be read. */
  readonly text: string;
}

/** Sends one request. @throws AnswerTooLong; the reason why there is no answer, in place of fetch's 'fetch failed' */
export async function http(
  url: URL,
  { bytesAtMost, readsFailures = false, ...request }: HttpRequest,
): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    const { status, ok, headers, body } = response;
    const isRead = bytesAtMost > 0 && (ok || readsFailures);
    if (!isRead) await body?.cancel();
    return { url, status, ok, headers, text: isRead ? await textOf(body, bytesAtMost) : '' };
  } catch (error) {
    throw causeOfFetch(error);
  }
}

/** Sends one request with a time limit for the whole exchange. @throws DeadlineExceeded as well */
export async function httpWithin(ms: number, url: URL, request: HttpRequest): Promise<HttpAnswer> {
  return withDeadline(ms, request.signal, (signal) => http(url, { ...request, signal }));
}

async function textOf(body: Response['body'], bytesAtMost: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > bytesAtMost) throw new AnswerTooLong(bytesAtMost);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export class AnswerTooLong extends Error {
  constructor(bytesAtMost: number) {
    super(`the answer is over ${bytesAtMost} bytes`);
    this.name = 'AnswerTooLong';
  }
}

/** Undefined if the text is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
