import type { FastifyInstance } from 'fastify';
import { noPort } from '../../src/workflows/vpn/data';
import {
  forwardedEngine,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  vpnStatus,
  vpnSettings,
  breakers,
} from '../builders';
import { parseExposition, valueOf, type Family } from './metrics/exposition';
import { api, AT_ONCE, closeAll } from './api-under-test';
import { VpnStandIn } from './vpn-stand-in';

async function scrape(server: FastifyInstance): Promise<Map<string, Family>> {
  const response = await server.inject('/metrics');
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(response.body);
}

/** The states that are 1, of a metric with one sample for each state. */
function current(families: Map<string, Family>, name: string): string[] {
  const samples = families.get(name)?.samples ?? [];
  expect(samples.map((s) => s.labels[name])).toEqual(['healthy', 'unhealthy', 'unknown', 'disabled', 'starting']);
  return samples.filter((s) => s.value === 1).map((s) => s.labels[name] ?? '');
}

/** The metrics, once the previous answer is no longer reused. */
async function metricsAnew(server: FastifyInstance): Promise<Map<string, Family>> {
  const { body: former } = await server.inject('/metrics');
  for (;;) {
    const { body } = await server.inject('/metrics');
    if (body !== former) return parseExposition(body);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const workerMetrics = () => Promise.reject(new Error('refused'));

export function metricsCases(): void {
  afterEach(closeAll);

  test('every metric of the contract is there, with its type', async () => {
    const families = await scrape(await api([new VpnStandIn('gluetun')]));
    const types = [...families].filter(([name]) => name.startsWith('orch_')).map(([name, { type }]) => [name, type]);
    const gauges = [
      ...['healthy_engines', 'unhealthy_engines', 'used_engines', 'extra_engines', 'vpn1_engines', 'vpn2_engines'],
      ...['vpn_health', 'vpn1_health', 'vpn2_health', 'total_streams', 'total_peers', 'total_upload_speed_mbps'],
      ...['total_download_speed_mbps', 'total_uploaded_bytes', 'total_downloaded_bytes'],
    ];
    expect(Object.fromEntries(types)).toEqual({
      ...Object.fromEntries(gauges.map((name) => [`orch_${name}`, 'gauge'])),
      orch_stale_streams_detected_total: 'counter',
    });
    for (const name of gauges) expect([name, families.get(`orch_${name}`)?.samples.length]).not.toEqual([name, 0]);
  });

  test('metrics need no key', async () => {
    const server = await api([new VpnStandIn('gluetun')], { access: { keys: ['k'.repeat(32)] } });
    expect((await server.inject('/metrics')).statusCode).toBe(200);
  });

  test('engines are counted by health, by VPN, and above the targets', async () => {
    const one = new VpnStandIn('gluetun');
    const two = new VpnStandIn('gluetun2');
    one.answerStatus = async () => vpnStatus({ settings: vpnSettings({ vpn: 'gluetun', targetEngines: 1 }) });
    two.answerStatus = async () => vpnStatus({ settings: vpnSettings({ vpn: 'gluetun2', targetEngines: 1 }) });
    one.list(
      forwardedEngine(19_000, 65_290),
      plainEngine(19_001, { health: 'unhealthy' }),
      plainEngine(19_002, { health: 'unknown' }),
    );
    two.list(plainEngine(19_100));
    const families = await scrape(await api([one, two]));
    const value = (name: string) => valueOf(families, `orch_${name}`);
    expect(value('healthy_engines')).toBe(2);
    expect(value('unhealthy_engines')).toBe(1);
    expect(value('extra_engines')).toBe(2);
    expect(value('vpn1_engines')).toBe(3);
    expect(value('vpn2_engines')).toBe(1);
    expect(valueOf(families, 'portward_vpn_engines', { vpn: 'gluetun' })).toBe(3);
    expect(valueOf(families, 'portward_vpn_forwarded_engines', { vpn: 'gluetun' })).toBe(1);
    expect(valueOf(families, 'portward_vpn_forwarded_engines', { vpn: 'gluetun2' })).toBe(0);
  });

  test("exactly one state of a VPN's health is 1, and a missing second VPN is disabled", async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerStatus = async () =>
      vpnStatus({ snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'starting' }) }) });
    const families = await scrape(await api([vpn]));
    expect(current(families, 'orch_vpn_health')).toEqual(['starting']);
    expect(current(families, 'orch_vpn1_health')).toEqual(['starting']);
    expect(current(families, 'orch_vpn2_health')).toEqual(['disabled']);
    expect(valueOf(families, 'orch_vpn2_engines')).toBe(0);
  });

  test('the state of a VPN is shown in its gauges', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerStatus = async () =>
      vpnStatus({
        port: { ...noPort, last: 65_290, unknownSince: 0 },
        replacements: [
          replacement({ startedAt: Date.now() - 400_000 }),
          replacement({ number: 8, startedAt: Date.now() - 900_000, readyAt: Date.now() }),
        ],
        breakers: breakers({ replacement: { openedAt: Date.now() } }),
      });
    const families = await scrape(await api([vpn]));
    const value = (name: string, labels = {}) =>
      valueOf(families, `portward_vpn_${name}`, { vpn: 'gluetun', ...labels });
    expect(value('answers')).toBe(1);
    expect(value('stale_seconds')).toBe(0);
    expect(value('healthy')).toBe(1);
    expect(value('forwarded_port_known')).toBe(0);
    expect(value('forwarded_port')).toBe(0);
    expect(value('forwarding', { state: 'unknown' })).toBe(1);
    expect(value('forwarding', { state: 'forwarded' })).toBe(0);
    expect(value('circuit_breaker', { kind: 'replacement', state: 'open' })).toBe(1);
    expect(value('circuit_breaker', { kind: 'general', state: 'open' })).toBe(0);
    expect(value('replacements_running')).toBe(2);
    expect(value('engine_awaited_seconds')).toBeGreaterThanOrEqual(400);
    expect(value('engine_awaited_seconds')).toBeLessThan(500);
  });

  test('a VPN whose workflow has never answered has only the metric portward_vpn_answers', async () => {
    const silent = new VpnStandIn('gluetun');
    silent.fail();
    const well = new VpnStandIn('gluetun2', [plainEngine(19_100)]);
    const families = await scrape(await api([silent, well]));
    const names = [...families]
      .filter(([, { samples }]) => samples.some((s) => s.labels['vpn'] === 'gluetun'))
      .map(([name]) => name);
    expect(names).toEqual(['portward_vpn_answers']);
    expect(valueOf(families, 'portward_vpn_answers', { vpn: 'gluetun' })).toBe(0);
    expect(valueOf(families, 'portward_vpn_answers', { vpn: 'gluetun2' })).toBe(1);
    expect(current(families, 'orch_vpn1_health')).toEqual(['unknown']);
  });

  test('the health of a VPN whose workflow no longer answers is unknown', async () => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn], { reads: { lagMs: AT_ONCE } });
    expect(current(await scrape(server), 'orch_vpn1_health')).toEqual(['healthy']);
    vpn.fail();
    expect(current(await metricsAnew(server), 'orch_vpn1_health')).toEqual(['unknown']);
  });

  test('stale and refused reads are counted by route', async () => {
    const vpn = new VpnStandIn('gluetun', [plainEngine(19_000)]);
    const server = await api([vpn], { reads: { lagMs: AT_ONCE } });
    expect((await server.inject('/engines')).headers['x-portward-stale']).toBeUndefined();
    const stale = async (answer: string) =>
      valueOf(await scrape(server), 'portward_stale_reads_total', { route: '/engines', answer });
    expect(await stale('stale')).toBe(0);
    vpn.fail();
    await server.inject('/engines');
    const marked = await server.inject('/engines');
    expect(marked.headers['x-portward-stale']).toBeDefined();
    const before = await metricsAnew(server);
    expect(valueOf(before, 'portward_stale_reads_total', { route: '/engines', answer: 'stale' })).toBe(2);
    expect(valueOf(before, 'portward_stale_reads_total', { route: '/engines', answer: 'refused' })).toBe(0);

    const never = new VpnStandIn('gluetun');
    never.fail();
    const refusing = await api([never]);
    expect((await refusing.inject('/engines')).statusCode).toBe(503);
    expect((await refusing.inject('/health/ready')).statusCode).toBe(503);
    expect((await refusing.inject('/vpn/publicip')).statusCode).toBe(503);
    const refused = await scrape(refusing);
    expect(refused.get('portward_stale_reads_total')?.samples.filter((s) => s.value > 0)).toEqual([
      { name: 'portward_stale_reads_total', labels: { route: '/engines', answer: 'refused' }, value: 1 },
    ]);
  });

  describe("the worker's metrics", () => {
    const text = '# HELP temporal_x_total x\n# TYPE temporal_x_total counter\ntemporal_x_total 3\n';

    test('are part of the answer if the worker is in the same process', async () => {
      const families = await scrape(await api([new VpnStandIn('gluetun')], { workerMetrics: async () => text }));
      expect(valueOf(families, 'temporal_x_total')).toBe(3);
      expect(valueOf(families, 'portward_worker_metrics_up')).toBe(1);
    });

    test('may fail without an effect on the other metrics', async () => {
      const families = await scrape(await api([new VpnStandIn('gluetun')], { workerMetrics }));
      expect(valueOf(families, 'portward_worker_metrics_up')).toBe(0);
      expect(families.has('orch_healthy_engines')).toBe(true);
    });
  });

  test('no metric has a label for the id of an engine, a stream or a workflow', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    const families = await scrape(await api([vpn]));
    const labels = new Set([...families.values()].flatMap((f) => f.samples.flatMap((s) => Object.keys(s.labels))));
    const health = ['orch_vpn_health', 'orch_vpn1_health', 'orch_vpn2_health'];
    expect([...labels].toSorted((a, b) => a.localeCompare(b))).toEqual(
      ['answer', 'kind', 'route', 'state', 'vpn', ...health].toSorted((a, b) => a.localeCompare(b)),
    );
  });
}
