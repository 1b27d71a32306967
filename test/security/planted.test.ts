import { Planted, textsIn } from './planted';

const secret = new Planted('a key');

test.each<[string, (text: string) => string]>([
  ['as it is', (text) => text],
  ['in JSON', (text) => JSON.stringify({ text })],
  ['in JSON within JSON', (text) => JSON.stringify(JSON.stringify({ text }))],
  ['in an address', encodeURIComponent],
  ['in a form', (text) => new URLSearchParams({ text }).toString()],
  ['in lower case', (text) => text.toLowerCase()],
  ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64 after a user', (text) => Buffer.from(`u:${text}`).toString('base64')],
  ['in base64 after a longer user', (text) => Buffer.from(`us:${text}:`).toString('base64')],
  ['in base64 for addresses', (text) => Buffer.from(text).toString('base64url')],
])('a planted secret is found %s', (_how, form) => {
  expect(secret.isIn(`before ${form(secret.value)} after`)).toBe(true);
  expect(new Planted('another').isIn(form(secret.value))).toBe(false);
});

test('a planted secret is found however deep, in bytes as well', () => {
  expect(secret.isIn(textsIn({ a: [{ b: Buffer.from(secret.value) }] }))).toBe(true);
  expect(secret.isIn(textsIn({ [secret.value]: 1 }))).toBe(true);
  expect(secret.isIn(textsIn({ a: [1, null, undefined, 'x'] }))).toBe(false);
});
