import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export function contentTypeCases(): void {
  afterEach(closeAll);

  test.each([
    ['curl -X POST -d ""', FORM, ''],
    ['a form', FORM, 'a=b'],
    ['invalid JSON', { 'content-type': 'application/json' }, '{'],
    ['an invalid Content-Type', { 'content-type': ';;' }, 'x'],
  ])('a route without a body ignores any body: %s', async (_what, headers, payload) => {
    const server = await api([new VpnStandIn('gluetun')]);
    for (const url of ['/gc', '/scale/2', '/health/circuit-breaker/reset', '/vpns/gluetun/recheck']) {
      const { statusCode, body } = await server.inject({ method: 'POST', url, headers, payload });
      expect([url, statusCode, body]).toEqual([url, url.endsWith('recheck') ? 202 : 200, body]);
    }
    const nowhere = await server.inject({ method: 'POST', url: '/nothing', headers, payload });
    expect(nowhere.statusCode).toBe(404);
  });

  test('a body without a Content-Type is read as JSON, as in the system before; an empty body of any type counts as none', async () => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn]);
    await server.listen({ host: '127.0.0.1', port: 0 });
    const address = server.listeningOrigin;
    const post = (body: string, headers: Record<string, string> = {}) =>
      // `fetch` adds a Content-Type to a string, but not to bytes.
      fetch(`${address}/vpns/gluetun/replacements`, { method: 'POST', body: new TextEncoder().encode(body), headers });
    expect((await post('{"reason": "no type"}')).status).toBe(202);
    expect(vpn.replaced.at(-1)?.request.reason).toBe('no type');
    expect((await post('', FORM)).status).toBe(202);
    expect((await post('{')).status).toBe(400);
    expect((await post('reason=x', { 'content-type': 'text/plain' })).status).toBe(415);
    const form = await post('reason=x', FORM);
    expect([form.status, await form.json()]).toEqual([
      415,
      { detail: 'expected a body with Content-Type application/json, or no body' },
    ]);
  });
}
