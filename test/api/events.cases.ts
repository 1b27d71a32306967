import { Value } from '@sinclair/typebox/value';
import { FormatRegistry } from '@sinclair/typebox';
import { StreamStateSchema } from '../../src/api/schemas/streams';
import { FOUND_STALE } from '../../src/domain/streams/end-reason';
import { DAY, plainEngine } from '../builders';
import { stream } from '../stream-events';
import { until } from '../simulator/until';
import { api, closeAll, Later, turnTime } from './api-under-test';
import { detail } from './proxy-decoder';
import { body, end, post, start } from './stream-reports';
import { VpnStandIn } from './vpn-stand-in';

FormatRegistry.Set('date-time', (value) => !Number.isNaN(Date.parse(value)));

export function eventsCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  test('a reported start is answered with the stream, exactly as in the contract', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const response = await start(await api([vpn]));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      id: 'abc|p1',
      key_type: 'infohash',
      key: 'abc',
      container_id: 'id-19000',
      playback_session_id: 'p1',
      stat_url: 'http://e/ace/stat/p1',
      command_url: 'http://e/ace/cmd/p1',
      is_live: true,
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ended_at: null,
      status: 'started',
      peers: null,
      speed_down: null,
      speed_up: null,
      downloaded: null,
      uploaded: null,
    });
    expect([...Value.Errors(StreamStateSchema, response.json())]).toEqual([]);
    expect(vpn.told).toMatchObject([[{ kind: 'started', stream: { id: 'abc|p1', containerId: 'id-19000' } }]]);
  });

  test('without labels.stream_id the id is key|playback_session_id; container_id and labels may be absent or null', async () => {
    for (const change of [
      { container_id: undefined, labels: undefined },
      { container_id: null, labels: null },
      { labels: {} },
    ]) {
      const response = await start(await api([new VpnStandIn('gluetun', [plainEngine(19_000)])]), body(change));
      expect(response.json()).toMatchObject({ id: 'abc|p1' });
    }
  });

  test('unknown fields of any type are ignored', async () => {
    const payload = body({
      more: [1],
      engine: { host: 'gluetun', port: 19_000, more: null },
      session: { playback_session_id: 'p1', stat_url: 'x', command_url: 'x', is_live: 0, client_session_id: -1 },
    });
    const response = await start(await api([new VpnStandIn('gluetun', [plainEngine(19_000)])]), payload);
    expect([response.statusCode, response.json().is_live]).toEqual([200, false]);
  });

  test.each([
    [true, true],
    [false, false],
    ['1', true],
    ['0', false],
    ['True', true],
    ['false', false],
  ])(
    'is_live %j, a port as a string and a label as a number are accepted, as in the system before',
    async (is_live, live) => {
      const payload = body({
        engine: { host: 'gluetun', port: '19000' },
        session: { playback_session_id: 'p1', stat_url: 'x', command_url: 'x', is_live },
        labels: { stream_id: 7 },
      });
      const response = await start(await api([new VpnStandIn('gluetun', [plainEngine(19_000)])]), payload);
      expect([response.statusCode, response.json()]).toMatchObject([200, { id: '7', is_live: live }]);
    },
  );

  test.each([
    ['no engine', { engine: undefined }, 'engine'],
    ['an invalid port', { engine: { host: 'gluetun', port: 0 } }, 'port'],
    ['a string that is not a port', { engine: { host: 'gluetun', port: '190x0' } }, 'port'],
    ['an unknown key type', { stream: { key_type: 'torrent', key: 'abc' } }, 'key_type'],
    ['no key', { stream: { key_type: 'infohash' } }, 'key'],
    ['an empty key', { stream: { key_type: 'infohash', key: '' } }, 'key'],
    ['a key of several lines', { stream: { key_type: 'infohash', key: 'a\nb' } }, 'key'],
    ['no session', { session: undefined }, 'session'],
    [
      'is_live that is not a number',
      { session: { playback_session_id: 'p', stat_url: 'x', command_url: 'x', is_live: 'yes' } },
      'is_live',
    ],
    ['a label that is not a string', { labels: { stream_id: true } }, 'labels'],
    ['a label that is not a string, with a name of several lines', { labels: { 'a\nb': true } }, 'labels'],
    ['an id of several lines', { labels: { stream_id: 'a\nb' } }, 'id'],
    ['an id that is too long', { labels: { stream_id: 'x'.repeat(10_000) } }, 'id'],
  ])('a start with %s is a 422 that names it, and is not passed on', async (_what, change, names) => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const response = await start(await api([vpn]), body(change));
    expect(response.statusCode).toBe(422);
    expect(detail(response)).toContain(names);
    expect(vpn.told).toEqual([]);
  });

  test.each([
    [{}, 'expected stream_id or container_id'],
    [{ stream_id: null, container_id: null }, 'expected stream_id or container_id'],
    [{ stream_id: 7 }, 'stream_id'],
    [{ stream_id: 'a', reason: 7 }, 'reason'],
  ])('an end with the body %j is a 422 that names the fault, and is not passed on', async (payload, says) => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    vpn.play(stream('a'));
    const response = await end(await api([vpn]), payload);
    expect(response.statusCode).toBe(422);
    expect(detail(response)).toContain(says);
    expect(vpn.told).toEqual([]);
  });

  test('empty fields of an end count as absent, because proxies send it only once', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    vpn.play(stream('a'));
    const { id } = plainEngine(19_000);
    const response = await end(await api([vpn]), { container_id: id, stream_id: '', reason: '' });
    expect(response.json()).toMatchObject({ updated: true, stream: { id: 'a' } });
    expect(vpn.told).toMatchObject([[{ kind: 'ended', id: 'a', reason: null }]]);
  });

  test('an unknown engine or stream is a 404', async () => {
    const server = await api([new VpnStandIn('gluetun', [plainEngine(19_000)])]);
    const unknown = await start(server, body({ engine: { host: 'gluetun', port: 19_001 } }));
    expect([unknown.statusCode, detail(unknown)]).toEqual([404, expect.stringContaining('19001')]);
    expect((await end(server, { stream_id: 'nobody' })).statusCode).toBe(404);
  });

  test('a stream may be reported on a hidden engine, such as one that is being replaced', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.hidden = [{ id: 'old', name: 'engine-old', httpPort: 19_000 }];
    expect((await start(await api([vpn]))).json()).toMatchObject({ container_id: 'old' });
  });

  test('an end is answered with the stream; if the stream had ended already, with updated false', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    vpn.play(stream('a'));
    const server = await api([vpn]);
    const first = await end(server, { stream_id: 'a', reason: 'client left' });
    expect(first.json()).toMatchObject({
      updated: true,
      stream: { id: 'a', status: 'ended', ended_at: expect.any(String) },
    });
    expect((await end(server, { stream_id: 'a' })).json()).toMatchObject({ updated: false, stream: { id: 'a' } });
    expect(vpn.told).toHaveLength(1);
    vpn.play(stream('a', { endedAt: DAY + 1 }));
    expect((await end(server, { stream_id: 'a' })).json()).toMatchObject({ updated: false });
    expect(vpn.told).toHaveLength(1);
  });

  test("a proxy's reason 'stale' is kept apart from streams that Portward found stale", async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    vpn.play(stream('a'));
    const server = await api([vpn]);
    expect((await end(server, { stream_id: 'a', reason: FOUND_STALE })).json()).toMatchObject({ updated: true });
    expect(vpn.told).toMatchObject([[{ kind: 'ended', id: 'a', reason: 'reported as stale' }]]);
  });

  test("a report that Temporal does not take is a 503, and so is one whose engine can't be looked up", async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    vpn.answerTold = () => Promise.reject(new Error('no connection'));
    const refused = await start(server);
    expect([refused.statusCode, detail(refused)]).toEqual([503, expect.stringContaining('no connection')]);
    vpn.fail();
    await jest.advanceTimersByTimeAsync(200);
    expect((await start(server, body({ engine: { host: 'gluetun', port: 19_001 } }))).statusCode).toBe(503);
  });

  test('reports of streams need the key, and have no rate limit', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn], { access: { keys: ['a-secret-of-some-length'] }, limits: { changesPerMinute: 1 } });
    for (const url of ['/events/stream_started', '/events/stream_ended']) {
      expect((await server.inject({ method: 'POST', url, payload: body() })).statusCode).toBe(401);
    }
    const headers = { authorization: 'Bearer a-secret-of-some-length' };
    const many = Array.from({ length: 20 }, (_, i) =>
      post(server, '/events/stream_started', body({ labels: { stream_id: `s${i}` } }), headers),
    );
    expect((await Promise.all(many)).map((r) => r.statusCode)).toEqual(many.map(() => 200));
  });

  test('a server that is being closed answers the waiting reports once they are stored', async () => {
    jest.useRealTimers();
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn]);
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const report = (id: string) =>
      fetch(`${url}/events/stream_started`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body({ labels: { stream_id: id } })),
      });
    const later = new Later<void>();
    vpn.answerTold = () => later.promise;
    let reported = false;
    const first = report('first').finally(() => (reported = true));
    await until('it is told', () => vpn.told.length === 1);
    const closed = server.close();
    expect(reported).toBe(false);
    later.resolve();
    await closed;
    expect((await first).status).toBe(200);
  });
}
