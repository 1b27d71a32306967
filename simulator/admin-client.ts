import { request } from 'node:http';

/** Above the 60 s that an up- and a down-command may each take. */
const LIMIT_MS = 130_000;

/**
 * Asks the admin server; the caller names what the route answers, both sides being of one build. Not by `fetch`: on Node
 * 20 it never settles when a connection is accepted and closed before the request was sent, as by Docker's port proxy
 * while a container starts, and a process with nothing else to do then exits in mid-await.
 */
export function askAdmin<Answer>(
  url: string,
  { method = 'GET', body, limitMs = LIMIT_MS }: { method?: 'GET' | 'PUT'; body?: unknown; limitMs?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => asked.destroy(new Error(`${method} ${url}: no answer in ${limitMs} ms`)), limitMs);
    // No kept connection: the container may be another one the next time.
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
