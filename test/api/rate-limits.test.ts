import type { FastifyInstance } from 'fastify';
import { api, closeAll, turnTime } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

beforeEach(turnTime);
afterEach(async () => {
  jest.useRealTimers();
  await closeAll();
});

const KEY = 'the-right-key-of-this-test';
const LIMITS = { changesPerMinute: 3, wrongKeysPerMinute: 3 };
const MINUTE_MS = 60_000;

async function locked(source = new VpnStandIn('gluetun'), limits = LIMITS): Promise<FastifyInstance> {
  return api([source], { access: { keys: [KEY] }, limits });
}

function replace(server: FastifyInstance, token: string, remoteAddress = '192.0.2.1') {
  const headers = { authorization: `Bearer ${token}` };
  return server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers, remoteAddress });
}

/** Sends one wrong key more than the limit. */
async function guess(server: FastifyInstance, remoteAddress?: string): Promise<number[]> {
  const statuses = [];
  for (let i = 0; i < LIMITS.wrongKeysPerMinute + 1; i++) {
    statuses.push((await replace(server, `guess-${i}`, remoteAddress)).statusCode);
  }
  return statuses;
}

test('after too many wrong keys from an address, all its keys are refused, even the right one', async () => {
  const source = new VpnStandIn('gluetun');
  const server = await locked(source);
  expect(await guess(server)).toEqual([403, 403, 403, 429]);
  const response = await replace(server, KEY);
  expect(response.statusCode).toBe(429);
  expect(detail(response)).toMatch(/too many wrong keys from this address; try again in \d+ s/);
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(response.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect(source.replaced).toEqual([]);
});

test('after Retry-After the right key is accepted again', async () => {
  const server = await locked();
  await guess(server);
  const seconds = Number((await replace(server, KEY)).headers['retry-after']);
  await jest.advanceTimersByTimeAsync(seconds * 1000);
  expect((await replace(server, KEY)).statusCode).toBe(202);
});

test('wrong keys from one address do not affect a proxy at another address', async () => {
  const server = await locked();
  await guess(server, '192.0.2.66');
  expect((await replace(server, KEY, '192.0.2.7')).statusCode).toBe(202);
});

test('a proxy that has sent the right key is not locked out by others at its address', async () => {
  const server = await locked(undefined, { ...LIMITS, changesPerMinute: 0 });
  expect((await replace(server, KEY)).statusCode).toBe(202);
  for (let round = 0; round < 5; round++) {
    await guess(server);
    expect((await replace(server, KEY)).statusCode).toBe(202);
    await jest.advanceTimersByTimeAsync(MINUTE_MS / 2);
  }
});

test('this exemption ends a day after the last right key', async () => {
  const server = await locked();
  await replace(server, KEY);
  // Only the wall clock is set: a day of fake timers would run a day of polls.
  jest.setSystemTime(Date.now() + 25 * 60 * MINUTE_MS);
  await guess(server);
  expect((await replace(server, KEY)).statusCode).toBe(429);
});

test('all addresses of an IPv6 /64 network count as one', async () => {
  const server = await locked();
  const statuses = [];
  for (const host of ['1', '2', 'a:b', 'ffff:1:2']) {
    statuses.push((await replace(server, `guess-${host}`, `2001:db8:0:1::${host}`)).statusCode);
  }
  expect(statuses).toEqual([403, 403, 403, 429]);
  expect((await replace(server, KEY, '2001:db8:0:2::1')).statusCode).toBe(202);
});

test('an IPv4 address counts as the same if the socket is an IPv6 one', async () => {
  const server = await locked();
  await guess(server, '::ffff:192.0.2.1');
  expect((await replace(server, KEY, '192.0.2.1')).statusCode).toBe(429);
});

test('requests without a key do not count as wrong keys', async () => {
  const server = await locked();
  for (let i = 0; i < 10; i++) {
    const { statusCode } = await server.inject({
      method: 'POST',
      url: '/vpns/gluetun/replacements',
      remoteAddress: '192.0.2.1',
    });
    expect(statusCode).toBe(401);
  }
  expect((await replace(server, KEY)).statusCode).toBe(202);
});

test('after too many changes a minute from an address, further ones are a 429 with Retry-After, and change nothing', async () => {
  const source = new VpnStandIn('gluetun');
  const server = await locked(source);
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await replace(server, KEY)).statusCode);
  expect(statuses).toEqual([202, 202, 202]);
  const refused = await replace(server, KEY);
  expect(refused.statusCode).toBe(429);
  expect(detail(refused)).toMatch(/more than 3 such requests in a minute; try again in \d+ s/);
  expect(source.replaced).toHaveLength(3);
  expect((await replace(server, KEY, '192.0.2.2')).statusCode).toBe(202);
  await jest.advanceTimersByTimeAsync(Number(refused.headers['retry-after']) * 1000);
  expect((await replace(server, KEY)).statusCode).toBe(202);
});

test('requests with wrong keys do not count as changes', async () => {
  const server = await locked(undefined, { changesPerMinute: 1, wrongKeysPerMinute: 0 });
  for (let i = 0; i < 20; i++) expect((await replace(server, `wrong-${i}`)).statusCode).toBe(403);
  expect((await replace(server, KEY)).statusCode).toBe(202);
});

test('hints are limited by address, too, so that nobody can keep a VPN busy', async () => {
  const server = await locked();
  const hint = (remoteAddress: string) =>
    server.inject({ method: 'POST', url: '/vpns/gluetun/recheck', remoteAddress });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await hint('192.0.2.66')).statusCode);
  expect(statuses).toEqual([202, 202, 202, 429]);
  expect((await hint('172.18.0.2')).statusCode).toBe(202);
});

test('0 means no limit', async () => {
  const server = await locked(undefined, { changesPerMinute: 0, wrongKeysPerMinute: 0 });
  for (let i = 0; i < 50; i++) expect((await replace(server, `wrong-${i}`)).statusCode).toBe(403);
  for (let i = 0; i < 50; i++) expect((await replace(server, KEY)).statusCode).toBe(202);
});

test.each(['/engines', '/engines/x', '/vpn/status', '/vpns/gluetun/replacements', '/health/live', '/health/ready'])(
  'reads have no limit: %s',
  async (url) => {
    const server = await locked();
    // Far more requests than the limit for changes.
    for (let i = 0; i < 20 * LIMITS.changesPerMinute; i++) {
      const { statusCode, headers } = await server.inject({ url, remoteAddress: '192.0.2.1' });
      expect([200, 404]).toContain(statusCode);
      expect(headers).not.toHaveProperty('x-ratelimit-limit');
    }
  },
);
