import { connect, type AddressInfo } from 'node:net';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const DASHBOARD = 'https://dashboard.example';

const opened = (origins: readonly string[], keys: readonly string[] = ['k']) =>
  api([new VpnStandIn('gluetun')], { access: { keys, origins } });

export function crossOriginCases(): void {
  afterEach(closeAll);

  test('a page of a listed origin can read answers, errors and the headers that Portward adds', async () => {
    const server = await opened(['http://other.example', DASHBOARD]);
    for (const [url, status] of [
      ['/engines', 200],
      ['/engines/none', 404],
      ['/by-label?key=a&value=b', 401],
      [`/engines?${'x'.repeat(8_192)}`, 414],
    ] as const) {
      const { statusCode, headers } = await server.inject({ url, headers: { origin: DASHBOARD } });
      expect(statusCode).toBe(status);
      expect(headers).toMatchObject({
        'access-control-allow-origin': DASHBOARD,
        'access-control-expose-headers': 'X-Portward-Stale, Retry-After',
        vary: 'Origin',
      });
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
  });

  test('a preflight, which has no key, allows the page to send a key and JSON with a change', async () => {
    const server = await opened([DASHBOARD]);
    const preflight = await server.inject({
      method: 'OPTIONS',
      url: '/vpns/gluetun/replacements',
      headers: {
        origin: DASHBOARD,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe(DASHBOARD);
    expect(preflight.headers['x-content-type-options']).toBe('nosniff');
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
    expect(preflight.headers['access-control-allow-headers']).toMatch(/Authorization, Content-Type/);
    const headers = { origin: DASHBOARD, authorization: 'Bearer k' };
    const replaced = await server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', headers });
    expect(replaced.statusCode).toBe(202);
  });

  test('the page receives events as they happen', async () => {
    const server = await opened([DASHBOARD]);
    await server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    const head = new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(data.toString()));
    });
    socket.write(`GET /events/stream HTTP/1.1\r\nHost: x\r\nOrigin: ${DASHBOARD}\r\n\r\n`);
    expect(await head).toMatch(/access-control-allow-origin: https:\/\/dashboard\.example[^]*text\/event-stream/i);
    socket.destroy();
  });

  test('HEAD of the event stream gives its Content-Type, and ends', async () => {
    const { statusCode, headers, body } = await (await opened([])).inject({ method: 'HEAD', url: '/events/stream' });
    expect([statusCode, headers['content-type'], body]).toEqual([200, 'text/event-stream; charset=utf-8', '']);
  });

  test.each([
    ['of another origin', [DASHBOARD], 'https://evil.example'],
    ['of any origin, if none is listed', [], DASHBOARD],
  ])('a page %s can read nothing', async (_what, origins, origin) => {
    const server = await opened(origins);
    for (const method of ['GET', 'OPTIONS'] as const) {
      const preflight = { origin, 'access-control-request-method': 'GET' };
      const { headers } = await server.inject({ method, url: '/engines', headers: preflight });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('with * every page can read; if no key is set, only pages from Portward and from listed origins can make changes', async () => {
    const any = await opened(['*'], []);
    const read = await any.inject({ url: '/engines', headers: { origin: 'https://evil.example' } });
    expect(read.headers['access-control-allow-origin']).toBe('*');
    const change = { method: 'POST', url: '/vpns/gluetun/replacements' } as const;
    expect((await any.inject({ ...change, headers: { origin: 'https://evil.example' } })).statusCode).toBe(403);
    const listed = await opened([DASHBOARD], []);
    expect((await listed.inject({ ...change, headers: { origin: DASHBOARD } })).statusCode).toBe(202);
    expect((await listed.inject({ ...change, headers: { origin: 'https://evil.example' } })).statusCode).toBe(403);
  });
}
