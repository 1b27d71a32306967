import { createHmac } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { Webhook } from '../../../src/clients/webhook';
import { until } from '../../simulator/until';
import { Receiver } from './receiver';

const never = new AbortController().signal;
const opened: Receiver[] = [];

async function receiver(answer?: RequestListener): Promise<Receiver> {
  const started = await Receiver.start(answer);
  opened.push(started);
  return started;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((r) => r.stop()));
});

/** Everything in an error, however it is printed. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('expected a failure, found none');
  return `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
}

test('a batch is posted as JSON, with its id and a signature of exactly these bytes', async () => {
  const to = await receiver();
  await new Webhook({ url: to.url, secret: 'shared' }).post('ab.1-2', { vpn: 'gluetun', events: [1, 2] }, never);
  const [delivery] = to.deliveries;
  expect(JSON.parse(delivery?.body ?? '')).toEqual({ vpn: 'gluetun', events: [1, 2] });
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': 'ab.1-2',
    'x-portward-signature': `sha256=${createHmac('sha256', 'shared')
      .update(delivery?.body ?? '')
      .digest('hex')}`,
  });
});

test('without a secret there is no signature', async () => {
  const to = await receiver();
  await new Webhook({ url: to.url, secret: null }).post('ab.1-2', {}, never);
  expect(to.deliveries[0]?.headers).not.toHaveProperty('x-portward-signature');
});

test('user and password of the address become basic authentication', async () => {
  const to = await receiver();
  await new Webhook({ url: to.url.replace('//', '//me:p%40ss@'), secret: null }).post('ab.1-2', {}, never);
  expect(to.deliveries[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

test.each([400, 404, 410, 429, 500, 503])(
  'an answer %i is not a delivery, and the error holds nothing of the address',
  async (status) => {
    const to = await receiver();
    to.statuses.push(status);
    const failure = await failureOf(new Webhook({ url: `${to.url}/token-7`, secret: 's3cret' }).post('a', {}, never));
    expect(failure).toContain(`the receiver answers ${status}`);
    for (const hidden of ['token-7', 's3cret', '127.0.0.1']) expect(failure).not.toContain(hidden);
  },
);

const inTwoMinutes = () => new Date(Date.now() + 120_500).toUTCString();

describe('what an answer means for the next attempt', () => {
  type Case = [status: number, retryAfter: string | (() => string) | null, outcome: string, retryAfterMs: unknown];
  test.each<Case>([
    ...[307, 400, 401, 404, 410, 413].map((status) => [status, null, 'refused', null] satisfies Case),
    ...[408, 429, 500, 502, 503].map((status) => [status, null, 'failed', null] satisfies Case),
    [429, '7', 'failed', 7_000],
    [503, '86400', 'failed', 600_000],
    [503, inTwoMinutes, 'failed', expect.closeTo(120_000, -4)],
    [429, '0', 'failed', null],
    [429, '-5', 'failed', null],
    [503, 'Wed, 01 Jan 2020 00:00:00 GMT', 'failed', null],
    [503, 'soon', 'failed', null],
  ])('%i, Retry-After %s: it has %s, with a pause of %s ms', async (status, retryAfter, outcome, retryAfterMs) => {
    const to = await receiver();
    to.statuses.push(status);
    const header = typeof retryAfter === 'function' ? retryAfter() : retryAfter;
    if (header !== null) to.answerHeaders['retry-after'] = header;
    const failure: unknown = await new Webhook({ url: to.url, secret: null }).post('a', {}, never).catch((e) => e);
    expect(failure).toMatchObject({ outcome, retryAfterMs });
  });
});

test('a redirect is not followed', async () => {
  const elsewhere = await receiver();
  const to = await receiver();
  to.statuses.push(307);
  to.answerHeaders['location'] = elsewhere.url;
  const failure = await failureOf(new Webhook({ url: to.url, secret: null }).post('a', {}, never));
  expect(failure).toContain('redirects are not followed');
  expect(failure).not.toContain(elsewhere.url);
  expect(elsewhere.deliveries).toEqual([]);
});

test('an endless answer of a receiver is not read, and counts as an acknowledgement', async () => {
  let ended = false;
  const to = await receiver((request, response) => {
    request.resume();
    const more = setInterval(() => response.write('x'.repeat(100_000)), 5);
    response.on('close', () => {
      clearInterval(more);
      ended = true;
    });
  });
  await new Webhook({ url: to.url, secret: null }).post('a', {}, never);
  expect(await until('the connection closed by who has enough', () => ended)).toBe(true);
});

test('a receiver that does not answer or does not exist is an error, without its address', async () => {
  const to = await receiver((request) => void request.resume());
  const hanging = await failureOf(new Webhook({ url: to.url, secret: null }, 100).post('a', {}, never));
  expect(hanging).toContain('gave no answer (DeadlineExceeded)');
  const url = to.url;
  const { port } = new URL(url);
  await to.stop();
  opened.length = 0;
  const gone = await failureOf(new Webhook({ url: `${url}/token-7`, secret: null }).post('a', {}, never));
  expect(gone).toContain('gave no answer (ECONNREFUSED)');
  const nowhere = await failureOf(new Webhook({ url: 'http://token-7.invalid/', secret: null }).post('a', {}, never));
  expect(nowhere).toMatch(/gave no answer \((ENOTFOUND|EAI_AGAIN)\)/);
  for (const hidden of ['token-7', port]) expect(`${hanging}${gone}${nowhere}`).not.toContain(hidden);
});
