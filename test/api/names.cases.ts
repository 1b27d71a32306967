import type { InjectOptions } from 'fastify';
import { plainEngine } from '../builders';
import { api, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

// Names in requests are passed on to a workflow, and from there to Docker and to logs.

const NASTY = [
  '..',
  '../../containers/json',
  '../gluetun',
  'a/b',
  'a\\b',
  'a b',
  '-a',
  '.hidden',
  'a?x=1',
  'a#x',
  'a;rm -rf /',
  '$(id)',
  'a\0b',
  'a\nb',
  'a\r\nX-Injected: 1',
  'ünïcode',
  'gluetun\u202e',
  '𝓰𝓵𝓾𝓮𝓽𝓾𝓷',
  '\ud800',
  '__proto__/x',
  '%2e%2e%2f',
  'x'.repeat(201),
  'x'.repeat(100_000),
];

const encoded = (text: string) => encodeURIComponent(Buffer.from(text).toString());

async function replace(options: Pick<InjectOptions, 'headers' | 'payload'>) {
  const vpn = new VpnStandIn('gluetun');
  const server = await api([vpn]);
  const response = await server.inject({ method: 'POST', url: '/vpns/gluetun/replacements', ...options });
  return { response, passedOn: vpn.replaced };
}

export function namesCases(): void {
  afterEach(closeAll);

  // `inject` removes '..' from a path, as a browser does. server.test.ts has tests for '..' with a real connection.
  test.each(NASTY.filter((name) => name !== '..'))(
    'the path parameter %j is a 404 or 414, and does not reach the workflow',
    async (name) => {
      const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
      const server = await api([vpn]);
      for (const [method, url] of [
        ['GET', `/engines/${encoded(name)}`],
        ['GET', `/vpns/${encoded(name)}/replacements`],
        ['POST', `/vpns/${encoded(name)}/replacements`],
        ['POST', `/vpns/${encoded(name)}/recheck`],
        ['GET', `/containers/${encoded(name)}`],
        ['DELETE', `/containers/${encoded(name)}`],
      ] as const) {
        const response = await server.inject({ method, url });
        expect([404, 414]).toContain(response.statusCode);
        expect(detail(response)).not.toBe('');
      }
      expect([vpn.rechecked, vpn.replaced, vpn.removed]).toEqual([[], [], []]);
    },
  );

  test.each([
    '/engines/%2e%2e/x',
    '/engines/%2e%2e%2fvpn%2fstatus',
    '/vpns//replacements',
    '/vpns/%00/replacements',
    '//evil',
  ])('the path %s is a 404', async (url) => {
    expect((await (await api([new VpnStandIn('gluetun')])).inject(url)).statusCode).toBe(404);
  });

  test.each(['/engines/%', '/engines/%zz', '/vpns/%c3%28/replacements'])('the path %s is a 400', async (url) => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject(url);
    expect(response.statusCode).toBe(400);
    expect(detail(response)).not.toBe('');
  });

  test.each([...NASTY, ''])('the engine %j is refused, and does not reach the workflow', async (engine) => {
    const { response, passedOn } = await replace({ payload: { engine } });
    expect(response.statusCode).toBe(422);
    expect(passedOn).toEqual([]);
  });

  test.each(['a\nb', 'a\r\nb', 'a\0', '\u001b[31mred', 'a\u0085b', 'a\u2028b', '\u202egnp.exe', 'x'.repeat(501), ''])(
    'the reason %j is refused, because logs and the Temporal UI would show it',
    async (reason) => {
      const { response, passedOn } = await replace({ payload: { reason } });
      expect(response.statusCode).toBe(422);
      expect(passedOn).toEqual([]);
    },
  );

  test('a reason in any language is accepted', async () => {
    const reason = 'Żółw 日本語 עברית 👩‍🔧 "quoted" <b>';
    const { response, passedOn } = await replace({ payload: { reason } });
    expect(response.statusCode).toBe(202);
    expect(passedOn).toMatchObject([{ request: { reason } }]);
  });

  test.each(['a\tb', 'caf\u00e9', '\u0080', 'x'.repeat(201)])(
    'the Idempotency-Key %j is refused, because it becomes an id in Temporal',
    async (key) => {
      const { response, passedOn } = await replace({ headers: { 'idempotency-key': key } });
      expect(response.statusCode).toBe(422);
      expect(passedOn).toEqual([]);
    },
  );

  test.each(['{"__proto__": {"engine": "x"}}', '{"constructor": {"prototype": {}}}', '{"engine": "a", "x": 1}'])(
    'the body %s is refused, and does not change built-in objects',
    async (payload) => {
      const { response, passedOn } = await replace({ payload, headers: { 'content-type': 'application/json' } });
      expect([400, 422]).toContain(response.statusCode);
      expect(passedOn).toEqual([]);
      expect(({} as Record<string, unknown>)['engine']).toBeUndefined();
    },
  );
}
