import type { FastifyInstance } from 'fastify';
import { FormatRegistry, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { StreamStateSchema } from '../../src/api/schemas/streams';
import { DAY, observeProgress, plainEngine } from '../builders';
import { stream } from '../stream-events';
import { api, closeAll, turnTime } from './api-under-test';
import { detail } from './proxy-decoder';
import { start } from './stream-reports';
import { VpnStandIn } from './vpn-stand-in';

FormatRegistry.Set('date-time', (value) => !Number.isNaN(Date.parse(value)));

const vpnWithStreams = (): VpnStandIn => {
  const one = new VpnStandIn('gluetun', [plainEngine(19_000)]);
  one.play(
    stream('b', { startedAt: DAY + 2_000 }),
    stream('a', { startedAt: DAY + 1_000 }),
    stream('over', { startedAt: DAY, endedAt: DAY + 5_000 }),
    stream('there', { containerId: 'id-19001', startedAt: DAY + 3_000 }),
  );
  return one;
};

const ids = async (server: FastifyInstance, query = '') =>
  (await server.inject(`/streams${query}`)).json<{ id: string }[]>().map((s) => s.id);

export function streamsCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  describe('GET /streams', () => {
    test('has the streams of all VPNs, oldest first, filtered by status and engine', async () => {
      const other = new VpnStandIn('gluetun2');
      other.play(stream('c', { startedAt: DAY + 1_500, containerId: 'id-19050' }));
      const server = await api([vpnWithStreams(), other]);
      expect(await ids(server)).toEqual(['over', 'a', 'c', 'b', 'there']);
      expect(await ids(server, '?status=started')).toEqual(['a', 'c', 'b', 'there']);
      expect(await ids(server, '?status=ended')).toEqual(['over']);
      expect(await ids(server, '?container_id=id-19000&status=started')).toEqual(['a', 'b']);
      expect(await ids(server, '?container_id=id-19050&status=')).toEqual(['c']);
      expect(await ids(server, '?status=&container_id=')).toHaveLength(5);
      expect(await ids(server, '?container_id=nobody')).toEqual([]);
      const all = await server.inject('/streams');
      expect([...Value.Errors(Type.Array(StreamStateSchema), all.json())]).toEqual([]);
      expect((await server.inject('/streams?status=playing')).statusCode).toBe(422);
    });

    test('has a stream as soon as its report is answered', async () => {
      const one = vpnWithStreams();
      const server = await api([one]);
      expect(await ids(server, '?status=started')).toHaveLength(3);
      await start(server);
      expect(await ids(server, '?status=started')).toContain('abc|p1');
    });

    test('shares the queries of /engines', async () => {
      const one = vpnWithStreams();
      const server = await api([one]);
      await Promise.all([
        server.inject('/engines'),
        server.inject('/streams'),
        server.inject('/streams?status=started'),
      ]);
      expect(one.asked).toHaveLength(1);
    });

    test('is marked stale, and is a 503 when the list is too old', async () => {
      const one = vpnWithStreams();
      const server = await api([one]);
      await server.inject('/streams');
      one.fail();
      await jest.advanceTimersByTimeAsync(3_000);
      await server.inject('/streams');
      const stale = await server.inject('/streams');
      expect([stale.statusCode, stale.headers['x-portward-stale'], stale.json()]).toMatchObject([
        200,
        '3',
        { length: 4 },
      ]);
      await jest.advanceTimersByTimeAsync(30_000);
      const old = await server.inject('/streams');
      expect([old.statusCode, detail(old)]).toEqual([503, expect.stringContaining('gluetun')]);
    });

    test('GET /engines/{id} has the running streams of the engine', async () => {
      const response = await (await api([vpnWithStreams()])).inject('/engines/id-19000');
      expect(response.json<{ streams: { id: string }[] }>().streams.map((s) => s.id)).toEqual(['a', 'b']);
    });

    test('statistics are collected from heartbeats all the time', async () => {
      const one = vpnWithStreams();
      const server = await api([one], { statsHistoryMax: 3 });
      await server.ready();
      const collected: [number, number, null, null, null, null, 'dl'][] = [];
      one.answerProgress = async () => observeProgress({ streams: { a: collected.slice(-4) } });
      for (let i = 0; i < 12; i++) {
        collected.push([DAY + i * 5_000, i, null, null, null, null, 'dl']);
        await jest.advanceTimersByTimeAsync(5_000);
      }
      await jest.advanceTimersByTimeAsync(6_000);
      const [a] = (await server.inject('/streams?status=started')).json<{ peers: number; speed_down: null }[]>();
      expect(a).toMatchObject({ peers: 11, speed_down: null });
      const stats = (await server.inject('/streams/a/stats')).json<{ ts: string; peers: number; status: string }[]>();
      expect(stats.map((s) => s.peers)).toEqual([9, 10, 11]);
      expect(stats[2]).toEqual({
        ts: new Date(DAY + 55_000).toISOString(),
        peers: 11,
        speed_down: null,
        speed_up: null,
        downloaded: null,
        uploaded: null,
        status: 'dl',
      });
      const since = encodeURIComponent(new Date(DAY + 50_000).toISOString());
      expect((await server.inject(`/streams/a/stats?since=${since}`)).json()).toHaveLength(2);
      for (const seconds of [(DAY + 50_000) / 1000, DAY + 50_000, `${(DAY + 49_999) / 1000}`])
        expect((await server.inject(`/streams/a/stats?since=${seconds}`)).json()).toHaveLength(2);
      const all = (await server.inject('/streams/a/stats')).json() as unknown[];
      expect(all.length).toBeGreaterThan(2);
      expect((await server.inject('/streams/a/stats?since=')).json()).toEqual(all);
    });

    test('/streams/{id}/stats is empty for a stream without samples and for an unknown stream, and a 422 for an invalid time', async () => {
      const one = vpnWithStreams();
      const long = `magnet:?xt=urn:btih:${'x'.repeat(600)}|p1`;
      one.play(stream('key|with/slash'), stream(long));
      const server = await api([one]);
      expect((await server.inject(`/streams/${encodeURIComponent('key|with/slash')}/stats`)).json()).toEqual([]);
      expect((await server.inject(`/streams/${encodeURIComponent(long)}/stats`)).json()).toEqual([]);
      const none = await server.inject('/streams/nobody/stats');
      expect([none.statusCode, none.json()]).toEqual([200, []]);
      expect((await server.inject('/streams/nobody/stats?since=yesterday')).statusCode).toBe(422);
    });
  });
}
