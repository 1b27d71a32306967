import { Registry } from 'prom-client';
import type { MetricsView } from '../../../src/api/metrics/view';
import { contractMetrics } from '../../../src/api/metrics/contract-metrics';
import { Transferred, type CountedStream } from '../../../src/api/metrics/streams';
import { parseExposition, valueOf } from './exposition';

function stream(id: string, change: Partial<CountedStream> = {}): CountedStream {
  return {
    id,
    container_id: 'c1',
    status: 'started',
    peers: null,
    speed_down: null,
    speed_up: null,
    downloaded: null,
    uploaded: null,
    ...change,
  };
}

async function shown(view: Partial<MetricsView>, transferred = new Transferred()) {
  const registry = new Registry();
  contractMetrics(registry, { engines: [], streams: [], staleStreams: 0, vpns: [], ...view }, transferred);
  const families = parseExposition(await registry.metrics());
  return (name: string) => valueOf(families, `orch_${name}`);
}

test('metrics of streams are sums over the running streams, with speeds in MB/s', async () => {
  const streams = [
    stream('a', { peers: 10, speed_down: 2048, speed_up: 512, downloaded: 4000, uploaded: 1000 }),
    stream('b', { peers: 5, speed_down: 1024, speed_up: null, downloaded: 2000, uploaded: null }),
    stream('c', { container_id: 'c2', peers: null }),
    stream('d', { container_id: 'c3', status: 'ended', peers: 99, speed_down: 9999, downloaded: 7000, uploaded: 70 }),
  ];
  const value = await shown({ streams, staleStreams: 3 });
  expect(value('total_streams')).toBe(3);
  expect(value('used_engines')).toBe(2);
  expect(value('total_peers')).toBe(15);
  expect(value('total_download_speed_mbps')).toBe(3);
  expect(value('total_upload_speed_mbps')).toBe(0.5);
  expect(value('total_downloaded_bytes')).toBe(13_000);
  expect(value('total_uploaded_bytes')).toBe(1_070);
  expect(value('stale_streams_detected_total')).toBe(3);
});

test('bytes of ended streams stay counted, and a stream that counts from 0 again reduces nothing', () => {
  const transferred = new Transferred();
  transferred.add([stream('a', { downloaded: 100 }), stream('b', { downloaded: 10 })]);
  transferred.add([stream('a', { downloaded: 150 })]);
  transferred.add([stream('a', { downloaded: null })]);
  transferred.add([stream('a', { downloaded: 20 })]);
  transferred.add([stream('a', { downloaded: 25 })]);
  expect(transferred.downloaded).toBe(165);
});

test('streams that are missing for a while are not counted again', () => {
  const transferred = new Transferred();
  transferred.add([stream('a', { downloaded: 100 }), stream('b', { downloaded: 10 })], 0);
  transferred.add([stream('a', { downloaded: 150 })], 60_000);
  transferred.add([stream('a', { downloaded: 150 }), stream('b', { downloaded: 30 })], 120_000);
  expect(transferred.downloaded).toBe(180);
});

test('unknown numbers have no sample, rather than 0', async () => {
  const transferred = new Transferred();
  transferred.add([stream('a', { downloaded: 100 })]);
  const value = await shown({ streams: null, engines: null }, transferred);
  for (const name of ['total_streams', 'total_peers', 'used_engines', 'healthy_engines', 'extra_engines'])
    expect([name, value(name)]).toEqual([name, undefined]);
  expect(value('total_downloaded_bytes')).toBe(100);
});
