import { parsedJson } from '../clients/http';
import { ProblemError } from '../lib/problem';
import { headerSecret } from '../secrets/header-secrets';
import { causeOfFetch, messageOf } from '../lib/errors';

/** How commands reach Portward's HTTP API. */
export interface ApiOptions {
  readonly url: string;
}

interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer<T> {
  readonly body: T;
  /** Age of the answer in seconds, if the workflows do not answer; null: the answer is current. */
  readonly stale: number | null;
}

const WITHIN_MS = 10_000;

/** @throws Error that says what to do */
export async function call<T>(options: ApiOptions, path: string, request: Request = {}): Promise<T> {
  return (await ask<T>(options, path, request)).body;
}

/** @throws Error that says what to do */
export async function ask<T>({ url }: ApiOptions, path: string, request: Request = {}): Promise<Answer<T>> {
  const response = await send(url, path, request, AbortSignal.timeout(WITHIN_MS));
  const text = await response.text();
  const body = parsedJson(text);
  if (body === undefined) throw notPortward(url, `${response.status}, no JSON`);
  if (!response.ok) throw refusal(response.status, detailIn(body));
  const stale = response.headers.get('x-portward-stale');
  return { body: body as T, stale: stale === null ? null : Number(stale) };
}

/** Opens an answer without an end, such as that of `/events/stream`. @throws Error that says what to do */
export async function openStream(
  { url }: ApiOptions,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await send(url, path, { headers }, signal);
  if (!response.ok) throw refusal(response.status, detailIn(parsedJson(await response.text())));
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (!isStream || response.body === null) {
    await response.body?.cancel();
    throw notPortward(url, `${response.status}, no stream of events`);
  }
  return response.body;
}

async function send(url: string, path: string, request: Request, signal: AbortSignal): Promise<Response> {
  const key = keyToSend(process.env['API_KEY'] ?? '');
  const authorization: Record<string, string> = key === '' ? {} : { Authorization: `Bearer ${key}` };
  const base = addressOf(url);
  try {
    return await fetch(new URL(path, base), { ...request, headers: { ...request.headers, ...authorization }, signal });
  } catch (error) {
    if (signal.aborted && signal.reason instanceof Error && signal.reason.name !== 'TimeoutError') throw error;
    throw new NoAnswer(base.origin, error);
  }
}

/** No program answers at the address. That may pass. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  constructor(origin: string, cause: unknown) {
    const why = messageOf(causeOfFetch(cause));
    super(`No Portward answers at ${origin}: ${why}. Start it, or give its address with --url.`, { cause });
  }
}

function addressOf(url: string): URL {
  if (!URL.canParse(url))
    throw new Error(`--url, or PORTWARD_URL: expected an address such as http://127.0.0.1:8000, got '${url}'`);
  return new URL(url);
}

/** Portward answers, but wants another key. */
export class Refused extends ProblemError {
  override readonly name = 'Refused';
}

function refusal(status: number, detail: unknown): Error {
  if (status === 401 || status === 403)
    return new Refused({
      what: `Portward refuses it (${status}, ${inWords(detail)})`,
      todo: 'set API_KEY to the key that Portward was given, in .env or in the environment',
    });
  return new Error(`Portward answers ${status}: ${inWords(detail)}`);
}

/** A refusal of provisioning or scaling is an object and not a text. */
function inWords(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (typeof detail === 'object' && detail !== null && 'message' in detail) return String(detail.message);
  return 'no reason given';
}

function detailIn(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined;
}

function notPortward(url: string, found: string): ProblemError {
  const what = `The program at ${new URL(url).origin} is not Portward (${found})`;
  return new ProblemError({ what, todo: "give Portward's address with --url" });
}

function keyToSend(key: string): string {
  try {
    return headerSecret(key);
  } catch (error) {
    throw new Error(`API_KEY: ${messageOf(error)}`, { cause: error });
  }
}
