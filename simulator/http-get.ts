import { Agent, request, type IncomingMessage } from 'node:http';

/** An agent that keeps connections open, for all requests of one client. */
export function keptConnections(): Agent {
  return new Agent({ keepAlive: true });
}

export interface GetOptions {
  readonly agent?: Agent | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Time limit for the whole exchange. */
  readonly limitMs: number;
}

/** Resolves with status and body, whatever the status. Does not use `fetch`: `askAdmin` has the reason. */
export function httpGet(url: string, options: GetOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = openGet(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    const giveUp = setTimeout(
      () => asked.destroy(new Error(`GET ${url}: no answer in ${options.limitMs} ms`)),
      options.limitMs,
    );
    asked.on('error', reject);
    asked.on('close', () => clearTimeout(giveUp));
  });
}

export function openGet(
  url: string,
  { agent, headers = {} }: Omit<GetOptions, 'limitMs'>,
  answered: (response: IncomingMessage) => void,
): ReturnType<typeof request> {
  const asked = request(url, { agent: agent ?? false, headers }, answered);
  asked.end();
  return asked;
}
