import type { FastifyInstance } from 'fastify';
import type { AccessOptions } from '../../src/api/access';
import { api, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

afterEach(closeAll);

const vpn = () => new VpnStandIn('gluetun');
const OPEN = ['/engines', '/vpn/status', '/vpns/gluetun/replacements', '/health/live', '/health/ready'];

function replace(server: FastifyInstance, authorization?: string) {
  const headers = authorization === undefined ? {} : { authorization };
  return server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers });
}

test.each<[string, Partial<AccessOptions>]>([
  ['without a key on loopback', { host: '127.0.0.1' }],
  ['without a key, listening to all', { host: '0.0.0.0' }],
  ['with a key', { host: '0.0.0.0', keys: ['k'] }],
])('reads are open to all %s', async (_what, access) => {
  const server = await api([vpn()], { access });
  for (const url of OPEN) expect((await server.inject(url)).statusCode).toBe(200);
});

test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('without a key everything is open on %s', async (host) => {
  expect((await replace(await api([vpn()], { access: { host } }))).statusCode).toBe(202);
});

test.each(['0.0.0.0', '::', '192.168.1.5', 'nas.local'])(
  'without a key, on %s, routes that change something answer 403 that says how to set one',
  async (host) => {
    const source = vpn();
    const response = await replace(await api([source], { access: { host } }));
    expect(response.statusCode).toBe(403);
    expect(detail(response)).toMatch(/API_KEY.*Authorization: Bearer <key>.*ALLOW_UNAUTHENTICATED=true/);
    expect(source.replaced).toEqual([]);
  },
);

test('ALLOW_UNAUTHENTICATED opens them to all', async () => {
  const server = await api([vpn()], { access: { host: '0.0.0.0', allowUnauthenticated: true } });
  expect((await replace(server)).statusCode).toBe(202);
});

test.each(['127.0.0.1', '0.0.0.0'])('with a key, on %s, a request without a token is a 401', async (host) => {
  const source = vpn();
  const server = await api([source], { access: { host, keys: ['k'], allowUnauthenticated: true } });
  for (const authorization of [undefined, '', 'Basic dTpw', 'Bearer', 'Bearer   ', 'k']) {
    const response = await replace(server, authorization);
    expect([response.statusCode, response.json()]).toEqual([401, { detail: 'missing bearer token' }]);
  }
  expect(source.replaced).toEqual([]);
});

test('with a key, a request with another token is a 403', async () => {
  const source = vpn();
  const server = await api([source], { access: { keys: ['correct-key'] } });
  for (const token of ['correct-ke', 'correct-key2', 'CORRECT-KEY', 'undefined']) {
    const response = await replace(server, `Bearer ${token}`);
    expect([response.statusCode, response.json()]).toEqual([403, { detail: 'invalid token' }]);
  }
  expect(source.replaced).toEqual([]);
});

test('with two keys either opens, so that one can be changed while the other is in use', async () => {
  const server = await api([vpn()], { access: { host: '0.0.0.0', keys: ['old', 'new'] } });
  for (const authorization of ['Bearer old', 'Bearer new', 'bearer new']) {
    expect((await replace(server, authorization)).statusCode).toBe(202);
  }
});

test('a wrong token is answered before the body is looked at', async () => {
  const server = await api([vpn()], { access: { keys: ['k'] } });
  const response = await server.inject({
    method: 'POST',
    url: '/vpns/gluetun/replacements',
    headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
    payload: '{',
  });
  expect(response.statusCode).toBe(403);
});

function from(server: FastifyInstance, headers: Record<string, string>) {
  return server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers });
}

describe('without a key on loopback', () => {
  test.each([
    ['a page of another site', { host: '127.0.0.1:8000', origin: 'http://evil.example' }],
    ['a page without an origin of its own', { host: '127.0.0.1:8000', origin: 'null' }],
    ['a name that was made to lead here', { host: 'evil.example:8000', origin: 'http://evil.example:8000' }],
  ])('a request of %s changes nothing', async (_what, headers) => {
    const source = vpn();
    const response = await from(await api([source], { access: { host: '127.0.0.1' } }), headers);
    expect(response.statusCode).toBe(403);
    expect(detail(response)).toMatch(/another site.*API_KEY/);
    expect(source.replaced).toEqual([]);
  });

  test.each([
    { host: '127.0.0.1:8000' },
    { host: '[::1]:8000' },
    { host: 'localhost:8000', origin: 'http://localhost:8000' },
  ])('a request of its own is taken: %j', async (headers) => {
    const response = await from(
      await api([vpn()], { access: { host: '127.0.0.1' } }),
      headers as Record<string, string>,
    );
    expect(response.statusCode).toBe(202);
  });
});
