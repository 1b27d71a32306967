import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

export function securityHeadersCases(): void {
  afterEach(closeAll);

  test.each<[status: number, method: 'GET' | 'POST' | 'OPTIONS', url: string, headers?: Record<string, string>]>([
    [200, 'GET', '/engines'],
    [200, 'GET', '/vpn/status'],
    [200, 'GET', '/openapi.json'],
    [404, 'GET', '/engines/none'],
    [404, 'GET', '/nothing'],
    [405, 'OPTIONS', '/engines'],
    [400, 'GET', '/engines/%ff'],
    [414, 'GET', `/engines/${'x'.repeat(6_001)}`],
    [414, 'GET', `/engines?${'x'.repeat(8_192)}`],
    [401, 'POST', '/vpns/gluetun/replacements'],
    [403, 'POST', '/vpns/gluetun/replacements', { authorization: 'Bearer wrong' }],
  ])(
    'an answer %i to %s %s does not let browsers run, frame or store it',
    async (status, method, url, headers = {}) => {
      const server = await api([new VpnStandIn('gluetun')], { access: { keys: ['k'] } });
      const response = await server.inject({ method, url, headers: { origin: 'http://evil.example', ...headers } });
      expect(response.statusCode).toBe(status);
      expect(response.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      // No CORS header lets other sites read the answer, and no header names the server software.
      const telling = Object.keys(response.headers).filter((h) => /^(access-control-|server$|x-powered-by$)/.test(h));
      expect(telling).toEqual([]);
    },
  );
}
