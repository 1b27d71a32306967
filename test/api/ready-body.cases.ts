import { gunzipSync } from 'node:zlib';
import { plainEngine } from '../builders';
import { api, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

async function serving(engines: number) {
  const vpn = new VpnStandIn(
    'gluetun',
    Array.from({ length: engines }, (_, i) => plainEngine(19_000 + i)),
  );
  const server = await api([vpn]);
  const get = (headers: Record<string, string> = {}) => server.inject({ url: '/engines', headers });
  return { vpn, get };
}

export function readyBodyCases(): void {
  afterEach(closeAll);

  test('a client that has the current list gets a 304, until the list changes', async () => {
    const { vpn, get } = await serving(2);
    const first = await get();
    const tag = String(first.headers['etag']);
    for (const known of [tag, `"other", ${tag}`, tag.replace('W/', ''), '*']) {
      const same = await get({ 'if-none-match': known });
      expect([known, same.statusCode, same.body, same.headers['etag']]).toEqual([known, 304, '', tag]);
    }
    vpn.list(plainEngine(19_000));
    const other = await get({ 'if-none-match': tag });
    expect([other.statusCode, other.json().length]).toEqual([200, 1]);
    expect(other.headers['etag']).not.toBe(tag);
  });

  test.each(['gzip', 'br, gzip;q=0.8', 'deflate, GZIP'])(
    'a long list is compressed for a client that accepts %s',
    async (encodings) => {
      const { get } = await serving(20);
      const plain = await get();
      const response = await get({ 'accept-encoding': encodings });
      expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
      expect(response.rawPayload.length).toBeLessThan(plain.rawPayload.length / 3);
      expect(gunzipSync(response.rawPayload).toString()).toBe(plain.body);
    },
  );

  test.each(['identity', 'br', 'gzip;q=0', 'x-gzip'])(
    'a long list is not compressed for a client that accepts %s',
    async (encodings) => {
      const { get } = await serving(20);
      const response = await get({ 'accept-encoding': encodings });
      expect([response.headers['content-encoding'], response.json().length]).toEqual([undefined, 20]);
    },
  );

  test('a short list is not compressed', async () => {
    const { get } = await serving(1);
    expect((await get({ 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  });
}
