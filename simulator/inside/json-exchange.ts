// JSON over Node's own HTTP server. The image of the programs has only node, so there is no framework.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** A request that is refused; its message is the answer's `detail`. */
export class RefusedRequest extends Error {
  constructor(
    readonly status: 400 | 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** The parsed body; `undefined` when it is empty. Throws RefusedRequest when it is not JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RefusedRequest(400, `expected a JSON body, found ${text.slice(0, 80)}`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The path without its query, and the query. */
export function target(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const url = new URL(request.url ?? '/', 'http://simulator');
  return { path: url.pathname, query: url.searchParams };
}

/** Turns an async handler into a listener: a RefusedRequest becomes its status, any other error a 500 with its message. */
export function listener(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): RequestListener {
  return (request, response) => {
    void (async () => handle(request, response))().catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      if (response.headersSent) response.destroy();
      else answerJson(response, error instanceof RefusedRequest ? error.status : 500, { detail });
    });
  };
}
