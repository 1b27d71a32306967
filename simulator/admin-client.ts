import { request } from 'node:http';

/** Longer than an up-command and a down-command together, which may take 60 s each. */
const LIMIT_MS = 130_000;

/**
 * Sends a request to the admin server. The caller gives the type of the answer, which is not checked. This does not use `fetch`,
 * which on Node.js 20 never settles if the connection is accepted and closed before the request was sent. Docker's port proxy does
 * that while a container starts, and a process with nothing else to do would then exit in the middle of the await.
 */
export function askAdmin<Answer>(
  url: string,
  { method = 'GET', body, limitMs = LIMIT_MS }: { method?: 'GET' | 'PUT'; body?: unknown; limitMs?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => asked.destroy(new Error(`${method} ${url}: no answer in ${limitMs} ms`)), limitMs);
    // No kept connection: there may be another container at the address next time.
    const asked = request(url, { method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`${method} ${url}: expected 200, found ${response.statusCode} ${text}`));
          return;
        }
        const answer: Answer = JSON.parse(text);
        resolve(answer);
      });
    });
    asked.on('error', reject);
    asked.on('close', () => clearTimeout(giveUp));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
