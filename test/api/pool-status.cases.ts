import { engineRef } from '../../src/domain/engine';
import { candidateOf } from '../../src/api/present/pool-status';
import type { Stream } from '../../src/domain/streams/stream';
import { noPort, type VpnData } from '../../src/workflows/vpn/data';
import { DAY, forwardedEngine, plainEngine, presentVpn, snapshot, vpnStatus, vpnSettings, breakers } from '../builders';
import { api, AT_ONCE, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

function vpn(name: string, change: Partial<VpnData> = {}): VpnStandIn {
  const standIn = new VpnStandIn(name, change.engines?.map((e) => ({ ...plainEngine(e.httpPort), ...e })) ?? []);
  standIn.answerStatus = async () => vpnStatus({ settings: vpnSettings({ vpn: name }), ...change });
  return standIn;
}

const down: Partial<VpnData> = {
  engines: [],
  port: noPort,
  snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }),
};

function stream(id: string, containerId: string, endedAt: number | null): Stream {
  return {
    id,
    keyType: 'content_id',
    key: id,
    containerId,
    playbackSessionId: 's',
    statUrl: 'http://localhost:19000/stat',
    commandUrl: 'http://localhost:19000/cmd',
    isLive: true,
    startedAt: DAY,
    endedAt,
    endReason: null,
  };
}

interface Status {
  readonly status: string;
  readonly engines: object;
  readonly vpn: object;
  readonly provisioning: object;
}

async function status(vpns: readonly VpnStandIn[], pool = {}): Promise<Status> {
  const response = await (await api(vpns, { pool })).inject('/orchestrator/status');
  expect(response.statusCode).toBe(200);
  return response.json();
}

function withBreakers(name: string, general: object, replacement: object = {}): VpnStandIn {
  return vpn(name, { engines: [plainEngine(19_000)], breakers: breakers({ general, replacement }) });
}

const open = { failures: 5, openedAt: Date.now() };

const halfOpen = { failures: 7, openedAt: Date.now() - 400_000 };

export function poolStatusCases(): void {
  afterEach(closeAll);

  test('GET /orchestrator/status has every field of the contract', async () => {
    const engines = [
      forwardedEngine(19_000, 65_290),
      plainEngine(19_001, { health: 'unhealthy' }),
      plainEngine(19_002, { health: 'unknown' }),
    ];
    const conditions = engines.map(({ id, health }) => ({ id, running: true, startedAt: DAY, networkOf: 'v', health }));
    const standIn = vpn('gluetun', {
      engines,
      streams: [stream('s1', 'id-19000', null), stream('s0', 'id-19000', DAY)],
      snapshot: snapshot(65_290, {
        engines: [...conditions, { id: 'stopped', running: false, startedAt: null, networkOf: 'v', health: 'unknown' }],
      }),
      breakers: breakers({ general: { failures: 1, lastFailureAt: DAY } }),
    });
    expect(await status([standIn])).toEqual({
      status: 'healthy',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      engines: { total: 3, running: 3, healthy: 1, unhealthy: 1 },
      streams: { active: 1, total: 2 },
      capacity: { total: 3, used: 1, available: 2, max_replicas: 20, min_replicas: 1 },
      vpn: { enabled: true, connected: true, health: 'healthy', container: 'gluetun', forwarded_port: 65_290 },
      provisioning: {
        can_provision: true,
        circuit_breaker_state: 'closed',
        last_failure: '2026-01-02T03:04:05.000Z',
        blocked_reason: null,
        blocked_reason_details: null,
      },
      config: { auto_delete: true, grace_period_s: 30, engine_variant: 'krinkuto11-amd64' },
    });
  });

  test('if one of two VPNs is down, the status is degraded, shows the other VPN, and provisioning is possible', async () => {
    const up = vpn('gluetun2', { engines: [plainEngine(19_000)] });
    expect(await status([vpn('gluetun', down), up])).toMatchObject({
      status: 'degraded',
      vpn: { connected: true, container: 'gluetun2', health: 'healthy' },
      provisioning: { can_provision: true },
    });
  });

  test('without an engine the status is unavailable, and says why no engine can be brought up', async () => {
    expect(await status([vpn('gluetun', down)])).toMatchObject({
      status: 'unavailable',
      vpn: { connected: false, container: 'gluetun', health: 'unhealthy' },
      provisioning: {
        can_provision: false,
        blocked_reason: expect.stringContaining('gluetun'),
        blocked_reason_details: { code: 'vpn_disconnected', should_wait: true },
      },
    });
  });

  test('the engines of a VPN that is down do not count, even if an older list still has them', async () => {
    const standIn = vpn('gluetun', down);
    standIn.list(plainEngine(19_000));
    const server = await api([standIn, vpn('gluetun2', { engines: [plainEngine(19_001)] })]);
    expect((await server.inject('/engines')).json()).toHaveLength(2);
    expect((await server.inject('/orchestrator/status')).json()).toMatchObject({
      engines: { total: 1, healthy: 1 },
      capacity: { total: 1, available: 1 },
    });
    expect((await server.inject('/health/status')).json()).toMatchObject({ total_engines: 1, healthy_engines: 1 });
  });

  test('a full pool is healthy, and provisioning is blocked', async () => {
    expect(await status([vpn('gluetun', { engines: [plainEngine(19_000)] })], { maxActiveReplicas: 1 })).toMatchObject({
      status: 'healthy',
      provisioning: { can_provision: false, blocked_reason_details: { code: 'max_capacity' } },
    });
  });

  test('if no workflow answers, the status is still a 200, and every VPN and engine counts as missing', async () => {
    const standIn = new VpnStandIn('gluetun');
    standIn.fail();
    expect(await status([standIn])).toMatchObject({
      status: 'unavailable',
      engines: { total: 0, running: 0, healthy: 0, unhealthy: 0 },
      vpn: { enabled: true, connected: false, health: 'unknown', container: 'gluetun', forwarded_port: null },
      provisioning: { can_provision: false, blocked_reason_details: { code: 'general_error', should_wait: true } },
    });
  });

  test('for a minute after a workflow stops answering, its VPN counts as disconnected, and provisioning as possible', async () => {
    const standIn = vpn('gluetun', { engines: [plainEngine(19_000)] });
    const server = await api([standIn], { reads: { lagMs: AT_ONCE } });
    expect((await server.inject('/orchestrator/status')).json()).toMatchObject({ status: 'healthy' });
    standIn.fail();
    expect((await server.inject('/orchestrator/status')).json()).toMatchObject({
      status: 'degraded',
      engines: { total: 1 },
      vpn: { connected: false },
      provisioning: { can_provision: true },
    });
    const value = vpnStatus({});
    const facts = [60, 61].map((seconds) => candidateOf({ vpn: 'gluetun', status: { kind: 'stale', value, seconds } }));
    expect(facts.map(({ view }) => view)).toEqual([value, null]);
  });

  test.each([
    ['open', [{}, halfOpen, open]],
    ['open', [open, halfOpen, {}]],
    ['half_open', [{}, halfOpen]],
    ['closed', [{ failures: 2 }, {}]],
  ])('of the breakers of all VPNs the worst is shown: %s', async (state, given) => {
    const vpns = given.map((breaker, i) => withBreakers(`v${i}`, breaker, breaker));
    const server = await api(vpns);
    const health = (await server.inject('/health/status')).json() as { circuit_breakers: object };
    const worst = { open: 5, half_open: 7, closed: 2 }[state];
    expect(health.circuit_breakers).toMatchObject({
      general: { state, failure_count: worst, failure_threshold: 5, recovery_timeout: 300 },
      replacement: { state, failure_count: worst, failure_threshold: 3, recovery_timeout: 180 },
    });
    const all = (await server.inject('/orchestrator/status')).json() as Status;
    expect(all.provisioning).toMatchObject({ circuit_breaker_state: state });
  });

  test('GET /health/status has every field of the contract', async () => {
    const engines = [forwardedEngine(19_000, 65_290), plainEngine(19_001, { health: 'unhealthy' })];
    const standIn = vpn('gluetun', { engines, evicted: [engineRef(plainEngine(19_002))] });
    const response = await (await api([standIn], { pool: { minReplicas: 3 } })).inject('/health/status');
    const breaker = { state: 'closed', failure_count: 0, last_failure_time: null, last_success_time: null };
    expect([response.statusCode, response.json()]).toEqual([
      200,
      {
        total_engines: 2,
        healthy_engines: 1,
        unhealthy_engines: 1,
        marked_for_replacement: 1,
        minimum_required: 3,
        health_check_interval: 20,
        circuit_breakers: {
          general: { ...breaker, failure_threshold: 5, recovery_timeout: 300 },
          replacement: { ...breaker, failure_threshold: 3, recovery_timeout: 180 },
        },
      },
    ]);
  });

  test('GET /health/status is a 503 if no workflow has ever answered', async () => {
    const standIn = new VpnStandIn('gluetun');
    standIn.fail();
    const response = await (await api([standIn])).inject('/health/status');
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('workflow');
  });
}
