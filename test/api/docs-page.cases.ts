import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

export function docsPageCases(): void {
  afterEach(closeAll);

  test('the page at /docs loads files of this server only, and has no inline scripts', async () => {
    const server = await api([new VpnStandIn('gluetun')]);
    for (const url of ['/docs', '/docs/']) {
      const page = await server.inject(url);
      expect(page.statusCode).toBe(200);
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      const policy = String(page.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(page.headers['x-content-type-options']).toBe('nosniff');
      const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to = '']) => to);
      expect(loaded.length).toBeGreaterThan(4);
      expect(loaded.filter((to) => /^(https?:)?\/\//.test(to))).toEqual([]);
      expect(page.body).not.toMatch(/<script(?![^>]*src=)/);
      for (const to of loaded) {
        const { pathname } = new URL(to, `http://here${url}`);
        expect([pathname, (await server.inject(pathname)).statusCode]).toEqual([pathname, 200]);
      }
    }
  });

  test('the page at /docs shows the document at /openapi.json', async () => {
    const server = await api([new VpnStandIn('gluetun')]);
    const [shown, document] = await Promise.all(['/docs/json', '/openapi.json'].map((url) => server.inject(url)));
    expect(shown?.json()).toEqual(document?.json());
  });

  test('other routes keep the Content-Security-Policy that allows nothing', async () => {
    const server = await api([new VpnStandIn('gluetun')]);
    const { headers } = await server.inject('/openapi.json');
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
  });
}
