import { Type } from '@sinclair/typebox';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { EngineSchema } from '../../src/api/schemas/engines';
import { DAY, forwardedEngine, observeProgress, plainEngine } from '../builders';
import { api, closeAll } from './api-under-test';
import { decodeEngines, detail } from './proxy-decoder';
import { until } from '../simulator/until';
import { VpnStandIn } from './vpn-stand-in';

FormatRegistry.Set('date-time', (value) => !Number.isNaN(Date.parse(value)));

export function enginesCases(): void {
  afterEach(closeAll);

  test('GET /engines has exactly the names and types of the contract', async () => {
    const vpn = new VpnStandIn('gluetun', [
      forwardedEngine(19_000, 65_290),
      plainEngine(19_001, { health: 'unknown' }),
    ]);
    const response = await (await api([vpn])).inject('/engines');
    expect(response.headers['content-type']).toContain('application/json');
    expect(response.headers['x-portward-stale']).toBeUndefined();
    expect(decodeEngines(response)).toEqual([
      {
        container_id: 'id-19000',
        container_name: 'engine-19000',
        host: 'gluetun',
        port: 19_000,
        labels: {
          'ondemand.app': 'myservice',
          'host.http_port': '19000',
          'acestream.http_port': '19000',
          'acestream.https_port': '45000',
          'acestream.vpn_container': 'gluetun',
          'acestream.forwarded': 'true',
          'acestream.p2p_port': '65290',
        },
        forwarded: true,
        first_seen: '2026-01-02T03:04:05.000Z',
        last_seen: '2026-01-02T03:04:05.000Z',
        streams: [],
        health_status: 'healthy',
        last_health_check: null,
        last_stream_usage: null,
        last_cache_cleanup: null,
        cache_size_bytes: null,
        vpn_container: 'gluetun',
        p2p_port: 65_290,
      },
      expect.objectContaining({ port: 19_001, forwarded: false, p2p_port: null, health_status: 'unknown' }),
    ]);
    expect([...Value.Errors(Type.Array(EngineSchema), response.json())]).toEqual([]);
  });

  test("last_seen is the time of the last snapshot, last_health_check that of the engine's last answer", async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    vpn.answerProgress = async () =>
      observeProgress({ checkedAt: DAY + 12_000, seenAt: DAY + 9_000, checkedEngines: { 'id-19000': DAY + 8_000 } });
    const server = await api([vpn]);
    const engine = await until('the times', async () => {
      const [found] = decodeEngines(await server.inject('/engines'));
      return found?.last_health_check ? found : null;
    });
    expect(engine).toMatchObject({
      last_seen: '2026-01-02T03:04:14.000Z',
      last_health_check: '2026-01-02T03:04:13.000Z',
    });
  });

  test('the engines of all VPNs are in one list, sorted by port', async () => {
    const one = new VpnStandIn('gluetun', [plainEngine(19_005), plainEngine(19_000)]);
    const two = new VpnStandIn('gluetun2', [plainEngine(19_003)]);
    const engines = decodeEngines(await (await api([one, two])).inject('/engines'));
    expect(engines.map((e) => [e.port, e.vpn_container])).toEqual([
      [19_000, 'gluetun'],
      [19_003, 'gluetun2'],
      [19_005, 'gluetun'],
    ]);
  });

  test('without engines the answer is an empty array', async () => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject('/engines');
    expect([response.statusCode, response.body]).toEqual([200, '[]']);
  });

  test("host is the VPN container's name, or ADVERTISED_HOST", async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn], { reads: { advertisedHost: 'engines.example' } });
    expect(decodeEngines(await server.inject('/engines'))).toEqual([
      expect.objectContaining({ host: 'engines.example', vpn_container: 'gluetun' }),
    ]);
  });

  test.each(['id-19001', 'engine-19001'])('GET /engines/%s answers the engine and its streams', async (id) => {
    const server = await api([new VpnStandIn('gluetun', [plainEngine(19_000), plainEngine(19_001)])]);
    const response = await server.inject(`/engines/${id}`);
    const [, listed] = decodeEngines(await server.inject('/engines'));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ engine: listed, streams: [] });
  });

  test('GET /engines/{id} of an engine that is not listed is a 404 with error and detail', async () => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject('/engines/gone');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toEqual({ error: 'not found', detail: "no engine 'gone' is listed" });
  });

  test('an unknown route is a 404 with detail for every method', async () => {
    const server = await api([new VpnStandIn('gluetun')]);
    for (const [method, url] of [
      ['GET', '/nothing?key=secret'],
      ['POST', '/engines/id-19000/none'],
      ['DELETE', '/nowhere'],
    ] as const) {
      const response = await server.inject({ method, url });
      expect(response.statusCode).toBe(404);
      expect(detail(response)).toBe(`no route ${method} ${url.split('?')[0]}`);
    }
  });

  test.each([
    ['POST', '/engines', 'GET, HEAD'],
    ['DELETE', '/engines/id-19000', 'GET, HEAD'],
    ['GET', '/gc', 'POST'],
    ['PUT', '/containers/id-19000/?x=y', 'DELETE, GET, HEAD'],
    ['OPTIONS', '/engines', 'GET, HEAD'],
    ['PATCH', '/events/stream', 'GET, HEAD'],
  ] as const)('%s %s is a 405 that allows %s', async (method, url, allow) => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject({ method, url });
    expect([response.statusCode, response.headers.allow]).toEqual([405, allow]);
    expect(detail(response)).toBe(`${url.split('?')[0]} takes ${allow}, not ${method}`);
  });

  test('a slash at the end of an address changes nothing, as in the system before', async () => {
    const server = await api([new VpnStandIn('gluetun')]);
    for (const url of ['/engines/', '/streams/?status=started', '/vpn/status/', '/engines/id-19000/']) {
      expect([url, (await server.inject(url)).statusCode]).toEqual([
        url,
        (await server.inject(url.replace(/\/(\?|$)/, '$1'))).statusCode,
      ]);
    }
    expect((await server.inject('/engines/')).statusCode).toBe(200);
    expect((await server.inject({ method: 'POST', url: '/gc/' })).statusCode).toBe(200);
  });

  test('the process is live without any list', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.fail();
    const response = await (await api([vpn])).inject('/health/live');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ok' }]);
  });

  test('the process is ready when there is a list to serve', async () => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject('/health/ready');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ok' }]);
  });
}
