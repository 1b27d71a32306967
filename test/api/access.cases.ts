import type { FastifyInstance } from 'fastify';
import type { AccessOptions } from '../../src/api/http/access';
import { api, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

const vpn = () => new VpnStandIn('gluetun');

const OPEN = ['/engines', '/vpn/status', '/vpns/gluetun/replacements', '/health/live', '/health/ready'];

function replace(server: FastifyInstance, authorization?: string) {
  const headers = authorization === undefined ? {} : { authorization };
  return server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers });
}

function from(server: FastifyInstance, headers: Record<string, string>, remoteAddress = '127.0.0.1') {
  return server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers, remoteAddress });
}

export function accessCases(): void {
  afterEach(closeAll);

  test.each<[string, Partial<AccessOptions>, string]>([
    ['to this machine, if no key is set', {}, '127.0.0.1'],
    ['to a public address, if no key is set', {}, '203.0.113.9'],
    ['to a public address, if a key is set', { keys: ['k'] }, '203.0.113.9'],
  ])('routes that only read are open %s', async (_what, access, remoteAddress) => {
    const server = await api([vpn()], { access });
    for (const url of OPEN) expect((await server.inject({ url, remoteAddress })).statusCode).toBe(200);
  });

  describe('if no key is set', () => {
    test.each([
      ...['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '10.0.0.7', '172.17.0.1', '172.31.9.9', '192.168.1.5'],
      ...['::ffff:192.168.1.5', '169.254.3.3', 'fd00::7', 'fe80::1', 'fe80::1%eth0'],
    ])('every route is open to %s', async (remoteAddress) => {
      expect((await from(await api([vpn()]), {}, remoteAddress)).statusCode).toBe(202);
    });

    test.each([
      ['203.0.113.9', {}],
      ['::ffff:203.0.113.9', {}],
      ['172.32.0.1', {}],
      ['100.64.0.1', {}],
      ['2001:db8::9', {}],
      ['192.168.1.5', { 'x-forwarded-for': '203.0.113.9' }],
      ['127.0.0.1', { forwarded: 'for=203.0.113.9' }],
    ])('a change from %s with %j is refused with a 403 that says how to set a key', async (address, headers) => {
      const source = vpn();
      const response = await from(await api([source]), headers, address);
      expect(response.statusCode).toBe(403);
      expect(detail(response)).toMatch(/API_KEY.*Authorization: Bearer <key>.*ALLOW_UNAUTHENTICATED=true/);
      expect(source.replaced).toEqual([]);
    });

    test('with ALLOW_UNAUTHENTICATED everybody may make changes', async () => {
      const server = await api([vpn()], { access: { allowUnauthenticated: true } });
      expect((await from(server, { origin: 'http://other.example' }, '203.0.113.9')).statusCode).toBe(202);
    });

    test.each([
      ['a page from another site', { host: '127.0.0.1:8000', origin: 'http://evil.example' }],
      ['a page from another port', { host: 'nas:8000', origin: 'http://nas:8001' }],
      ['a page with the origin "null"', { host: '127.0.0.1:8000', origin: 'null' }],
      [
        'a page whose domain resolves to this machine',
        { host: 'evil.example:8000', origin: 'http://evil.example:8000' },
      ],
    ])('a request from %s is refused and changes nothing', async (_what, headers) => {
      const source = vpn();
      const response = await from(await api([source]), headers);
      expect(response.statusCode).toBe(403);
      expect(detail(response)).toMatch(/another site.*API_KEY/);
      expect(source.replaced).toEqual([]);
    });

    test.each<Record<string, string>>([
      { host: '127.0.0.1:8000' },
      { host: 'portward.home.example:8000' },
      { host: '[::1]:8000', origin: 'http://[::1]:8000' },
      { host: '192.168.1.5:8000', origin: 'http://192.168.1.5:8000' },
      { host: 'localhost:8000', origin: 'http://localhost:8000' },
    ])("a request from Portward's own page or from a program is accepted: %j", async (headers) => {
      expect((await from(await api([vpn()]), headers)).statusCode).toBe(202);
    });
  });

  test('if a key is set, a request without a token is a 401', async () => {
    const source = vpn();
    const server = await api([source], { access: { keys: ['k'], allowUnauthenticated: true } });
    for (const authorization of [undefined, '', 'Basic dTpw', 'Bearer', 'Bearer   ', 'k']) {
      const response = await replace(server, authorization);
      expect([response.statusCode, response.json()]).toEqual([401, { detail: 'missing bearer token' }]);
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
    expect(source.replaced).toEqual([]);
  });

  test('if a key is set, a request with another token is a 403', async () => {
    const source = vpn();
    const server = await api([source], { access: { keys: ['correct-key'] } });
    for (const token of ['correct-ke', 'correct-key2', 'CORRECT-KEY', 'undefined']) {
      const response = await replace(server, `Bearer ${token}`);
      expect([response.statusCode, response.json()]).toEqual([403, { detail: 'invalid token' }]);
    }
    expect(source.replaced).toEqual([]);
  });

  test('if two keys are set, either is accepted, so that keys can be changed one by one', async () => {
    const server = await api([vpn()], { access: { keys: ['old', 'new'] } });
    for (const authorization of ['Bearer old', 'Bearer new', 'bearer new']) {
      expect((await replace(server, authorization)).statusCode).toBe(202);
    }
  });

  test('a wrong token is refused before the body is read', async () => {
    const server = await api([vpn()], { access: { keys: ['k'] } });
    const response = await server.inject({
      method: 'POST',
      url: '/vpns/gluetun/replacements',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      payload: '{',
    });
    expect(response.statusCode).toBe(403);
  });
}
