import { request, type Agent } from 'node:http';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly agent?: Agent | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is if it is a text. */
  readonly body?: object | string | undefined;
  /** For the whole exchange, from sending to the answer's last byte. */
  readonly limitMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Resolves with whatever is answered. @throws when no whole answer has come in time */
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
