import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const KEY = 'a-key-of-good-length';
const PAGE = '/temporal/namespaces/default/workflows/vpn%2Fdefault%2Fgluetun?tab=history';
const SCRIPT = 'start("/temporal")';
const BROWSER = { accept: 'text/html,*/*', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' };

/** Replaces the UI. It records the requests that reach it. */
let ui: Server;
let reached: IncomingMessage[];

beforeAll(async () => {
  ui = createServer((request, response) => {
    reached.push(request);
    response.setHeader('set-cookie', '_csrf=token; Path=/; Expires=Tue, 01 Dec 2026 03:48:58 GMT; SameSite=Strict');
    const isPage = request.headers.accept?.includes('text/html') === true;
    response.setHeader('content-type', isPage ? 'text/html' : 'application/json');
    response.end(isPage ? `<div><script>${SCRIPT}</script></div>` : '{"namespaces":[]}');
  }).listen(0, '127.0.0.1');
  await once(ui, 'listening');
});
beforeEach(() => {
  reached = [];
});
afterEach(closeAll);
afterAll(() => ui.close());

type Setting = { keys?: string[]; hostAddresses?: string[]; wrongKeysPerMinute?: number; origin?: string };

function server({ keys = [KEY], hostAddresses = [], wrongKeysPerMinute = 10, origin }: Setting = {}) {
  return api([new VpnStandIn('gluetun')], {
    access: { keys },
    limits: { wrongKeysPerMinute },
    temporalUi: {
      origin: origin ?? `http://127.0.0.1:${(ui.address() as AddressInfo).port}`,
      hostAddresses: async () => hostAddresses,
    },
  });
}

type Asking = { headers?: Record<string, string>; from?: string; method?: 'GET' | 'POST' };

function ask(to: FastifyInstance, url: string, { headers = {}, from = '172.18.0.1', method = 'GET' }: Asking = {}) {
  return to.inject({ method, url, headers: { host: '127.0.0.1:8000', ...headers }, remoteAddress: from });
}

function signIn(to: FastifyInstance, key: string, { from = '172.18.0.1', page = PAGE } = {}) {
  return to.inject({
    method: 'POST',
    url: '/session',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...BROWSER, 'sec-fetch-site': 'same-origin' },
    payload: new URLSearchParams({ key, to: page }).toString(),
    remoteAddress: from,
  });
}

async function session(of: FastifyInstance, from?: string): Promise<string> {
  const { headers } = await signIn(of, KEY, from === undefined ? {} : { from });
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

describe('if a key is set', () => {
  test.each([
    ['a browser', BROWSER, 'text/html', /<form method="post" action="\/session">/],
    ['a program', {}, 'application/json', /sign in at \/temporal, or send the API key as a bearer token/],
  ])('%s without the key is not shown the UI, and is told how to get in', async (_who, headers, type, told) => {
    const to = await server();
    for (const url of ['/temporal', '/temporal/', PAGE, '/temporal/api/v1/namespaces', '/temporal/_app/x.js']) {
      const answer = await ask(to, url, { headers, from: '127.0.0.1' });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([401, expect.stringContaining(type)]);
      expect(answer.body).toMatch(told);
    }
    expect(reached).toEqual([]);
  });

  test('the sign-in page runs nothing, loads nothing, and sends the key to Portward only', async () => {
    const answer = await ask(await server(), PAGE, { headers: BROWSER });
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(answer.body) ?? [];
    expect(answer.headers['content-security-policy']).toBe(
      `default-src 'none'; style-src '${sha256(style)}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
  });

  test("signing in sets a cookie that scripts and other sites can't read, and leads to the requested page", async () => {
    const answer = await signIn(await server(), KEY);
    expect([answer.statusCode, answer.headers.location]).toEqual([303, PAGE]);
    expect(answer.headers['set-cookie']).toMatch(
      /^portward_session=\d+\.[\w-]{43}; Path=\/temporal; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.headers['set-cookie']).not.toContain(KEY);
  });

  test('with that cookie the UI is shown, and the UI receives neither the cookie nor the key', async () => {
    const to = await server();
    const cookie = `${await session(to)}; other=1; _csrf=token`;
    const answer = await ask(to, PAGE, { headers: { ...BROWSER, cookie, authorization: `Bearer ${KEY}` } });
    expect([answer.statusCode, answer.body]).toEqual([200, `<div><script>${SCRIPT}</script></div>`]);
    expect(reached.map(({ url, headers }) => [url, headers.cookie, headers.authorization])).toEqual([
      [PAGE, '_csrf=token', undefined],
    ]);
  });

  test("the UI's page may run its own script and nothing from elsewhere, and its cookie is restricted to its path", async () => {
    const to = await server();
    const { headers } = await ask(to, PAGE, { headers: { ...BROWSER, cookie: await session(to) } });
    expect(headers['content-security-policy']).toContain(`script-src 'self' '${sha256(SCRIPT)}';`);
    expect(headers['content-security-policy']).toContain("connect-src 'self';");
    expect(String(headers['set-cookie'])).toMatch(/^_csrf=token; Path=\/temporal; /);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('requests to the UI are passed on unchanged', async () => {
    const to = await server();
    const headers = { cookie: await session(to), 'x-csrf-token': 'token', 'content-type': 'application/json' };
    const answer = await ask(to, '/temporal/api/v1/signal', { method: 'POST', headers });
    expect(answer.statusCode).toBe(200);
    expect(reached.map(({ method, url, headers: h }) => [method, url, h['x-csrf-token']])).toEqual([
      ['POST', '/temporal/api/v1/signal', 'token'],
    ]);
  });

  test('a cookie is valid only from the address that received it, because browsers also send it to engines on the same host', async () => {
    const to = await server();
    const cookie = await session(to, '172.18.0.1');
    expect((await ask(to, PAGE, { headers: { cookie }, from: '172.18.0.1' })).statusCode).toBe(200);
    expect((await ask(to, PAGE, { headers: { cookie }, from: '::ffff:172.18.0.1' })).statusCode).toBe(200);
    expect((await ask(to, PAGE, { headers: { cookie }, from: '172.18.0.5' })).statusCode).toBe(401);
    const overIpv6 = await session(to, 'fd00::1');
    expect((await ask(to, PAGE, { headers: { cookie: overIpv6 }, from: 'fd00::1' })).statusCode).toBe(200);
    expect((await ask(to, PAGE, { headers: { cookie: overIpv6 }, from: 'fd00::2' })).statusCode).toBe(401);
  });

  test('a cookie of another process, a changed cookie and an expired cookie are not valid', async () => {
    const to = await server();
    const good = await session(to);
    const [, until = ''] = /=(\d+)\./.exec(good) ?? [];
    const longer = good.replace(until, String(Number(until) + 1));
    for (const cookie of [await session(await server()), longer, 'portward_session=', 'portward_session=1.x']) {
      expect((await ask(to, PAGE, { headers: { cookie } })).statusCode).toBe(401);
    }
    expect((await ask(to, PAGE, { headers: { cookie: `portward_session=1.x; ${good}` } })).statusCode).toBe(200);
    jest.spyOn(Date, 'now').mockReturnValue(Number(until) * 1000);
    expect((await ask(to, PAGE, { headers: { cookie: good } })).statusCode).toBe(401);
    jest.restoreAllMocks();
  });

  test("another page on this host can't use the cookie, but may link to the UI", async () => {
    const to = await server();
    const own = { cookie: await session(to), 'sec-fetch-site': 'same-site' };
    expect((await ask(to, PAGE, { headers: { ...own, 'sec-fetch-mode': 'no-cors' } })).statusCode).toBe(403);
    const posted = { ...own, 'sec-fetch-mode': 'navigate' };
    expect((await ask(to, '/temporal/api/v1/signal', { method: 'POST', headers: posted })).statusCode).toBe(403);
    expect(reached).toEqual([]);
    expect((await ask(to, PAGE, { headers: { ...BROWSER, ...posted } })).statusCode).toBe(200);
  });

  test.each(['//evil.example/temporal', 'http://evil.example/temporal/', '/engines', '/temporal/../engines', ''])(
    'signing in does not redirect to %j',
    async (page) => {
      const { statusCode, headers } = await signIn(await server(), KEY, { page });
      expect([statusCode, headers.location]).toEqual([303, '/temporal']);
    },
  );

  test('a wrong key is reported on the page, and counts as on every other route', async () => {
    const to = await server({ wrongKeysPerMinute: 3 });
    for (let times = 0; times < 3; times++) {
      const answer = await signIn(to, '"><b>wrong', { page: '/temporal/"><b>' });
      expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([403, undefined]);
      expect(answer.body).toContain('That is not the key.');
      expect(answer.body).not.toContain('<b>');
    }
    const late = await signIn(to, KEY);
    expect([late.statusCode, late.headers['set-cookie']]).toEqual([429, undefined]);
    expect(late.body).toContain('too many wrong keys from this address');
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await ask(to, PAGE, { headers })).statusCode).toBe(429);
  });

  test('a program may send the key as on every other route', async () => {
    const to = await server();
    expect((await ask(to, PAGE, { headers: { authorization: `Bearer ${KEY}` } })).statusCode).toBe(200);
    expect((await ask(to, PAGE, { headers: { authorization: 'Bearer wrong' } })).statusCode).toBe(403);
  });
});

describe('if no key is set', () => {
  const GATEWAY = '172.18.0.1';

  test.each([
    ['this machine', '127.0.0.1'],
    ['this machine, over IPv6', '::1'],
    ["Docker's host, through the published port", GATEWAY],
    ["Docker's host, over IPv6", 'fd00::1'],
  ])('the UI is shown to %s', async (_who, from) => {
    const to = await server({ keys: [], hostAddresses: [GATEWAY, 'fd00::1'] });
    expect((await ask(to, PAGE, { headers: BROWSER, from })).statusCode).toBe(200);
  });

  test.each<[string, string, Record<string, string>]>([
    ['a container in the same network', '172.18.0.5', {}],
    ['a machine in the home network', '192.168.1.5', {}],
    ['a caller behind a reverse proxy', '127.0.0.1', { 'x-forwarded-for': '192.168.1.5' }],
    ['a page whose domain resolves to this machine', '127.0.0.1', { host: 'evil.example:8000' }],
    ['a page from another site', '127.0.0.1', { origin: 'http://evil.example' }],
    ['a page from another port', '127.0.0.1', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
  ])('the UI is not shown to %s', async (_who, from, headers) => {
    const to = await server({ keys: [], hostAddresses: [GATEWAY] });
    for (const method of ['GET', 'POST'] as const) {
      const answer = await ask(to, '/temporal/api/v1/namespaces', { from, headers, method });
      expect(answer.statusCode).toBe(403);
    }
    expect(reached).toEqual([]);
  });

  test('nobody can sign in', async () => {
    expect((await signIn(await server({ keys: [] }), '')).statusCode).toBe(404);
  });
});

test('a UI that does not answer is a 502 that says so', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  const to = await server({ origin: `http://127.0.0.1:${port}` });
  const answer = await ask(to, PAGE, { headers: { cookie: await session(to) } });
  expect([answer.statusCode, answer.json()]).toEqual([
    502,
    { detail: 'the Temporal UI does not answer; try again in a moment' },
  ]);
});

test('if Temporal runs elsewhere, its UI is a 404', async () => {
  const to = await api([new VpnStandIn('gluetun')], { access: { keys: [KEY] } });
  for (const url of ['/temporal', PAGE]) {
    const answer = await ask(to, url);
    expect([answer.statusCode, answer.body]).toEqual([404, expect.stringContaining('open that UI directly')]);
  }
});

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
