import { request, type Agent } from 'node:http';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly agent?: Agent | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string | undefined;
  /** Time limit for the whole exchange, until the last byte of the answer. */
  readonly limitMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends a request; resolves with the answer, whatever its status. @throws when no complete answer has come in time */
export function exchange({ method, url, agent, headers = {}, body, limitMs }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const ofBody =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    const sent = request(url, { method, agent: agent ?? false, headers: { ...ofBody, ...headers } }, (response) => {
      let answered = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (answered += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered }),
      );
    });
    const giveUp = setTimeout(() => sent.destroy(new Error(`no answer in ${limitMs} ms`)), limitMs);
    sent.on('error', reject);
    sent.on('close', () => clearTimeout(giveUp));
    sent.end(text);
  });
}
