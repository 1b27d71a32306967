import type { IncomingMessage } from 'node:http';

const FORMS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => JSON.stringify(text),
  (text) => encodeURIComponent(text),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text.replace(/^Basic /, ''), 'base64').toString(),
];
let asked = 0;

/** The body of an answer that repeats the request's credentials, as debugging pages do, in another form each time. */
export function echo({ headers }: IncomingMessage): string {
  const credentials = String(headers['x-api-key'] ?? headers.authorization ?? 'none');
  return FORMS[asked++ % FORMS.length]?.(credentials) ?? credentials;
}
