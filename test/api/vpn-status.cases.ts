import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { FastifyInstance } from 'fastify';
import { VpnStatusSchema, type VpnStatusJson } from '../../src/api/schemas/engines';
import { closedBreakers } from '../../src/workflows/vpn/decide/breaker';
import { noRemedies } from '../../src/workflows/vpn/decide/remedies';
import { noPort } from '../../src/workflows/vpn/data';
import {
  DAY,
  forwardedEngine,
  observeProgress,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  vpnStatus,
  vpnSettings,
  breakers,
} from '../builders';
import { api, closeAll, turnTime } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

FormatRegistry.Set('date-time', (value) => !Number.isNaN(Date.parse(value)));

const CONTRACT_FIELDS = [
  'enabled',
  'status',
  'container_name',
  'container',
  'health',
  'connected',
  'forwarded_port',
  'last_check',
  'last_check_at',
];

function checked(body: unknown): VpnStatusJson {
  if (!Value.Check(VpnStatusSchema, body)) throw new Error(JSON.stringify([...Value.Errors(VpnStatusSchema, body)]));
  return body;
}

async function status(server: FastifyInstance): Promise<VpnStatusJson> {
  const response = await server.inject('/vpn/status');
  expect(response.statusCode).toBe(200);
  return checked(response.json());
}

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}

const portless = { port: { ...noPort, reason: 'port 0' }, engines: [] };

const storm = () => ({ acted: 3, lastActed: Date.now(), lastSeen: Date.now() });

const present = presentVpn();

export function vpnStatusCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    jest.useRealTimers();
    await closeAll();
  });

  test('with one VPN the mode is single, and there is only vpn1', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerProgress = async () => observeProgress({ checkedAt: DAY + 5_000 });
    const answer = await status(await api([vpn]));
    expect(pick(answer, ['mode', ...CONTRACT_FIELDS])).toEqual({
      mode: 'single',
      enabled: true,
      status: 'running',
      container_name: 'gluetun',
      container: 'gluetun',
      health: 'healthy',
      connected: true,
      forwarded_port: 65_290,
      last_check: '2026-01-02T03:04:10.000Z',
      last_check_at: '2026-01-02T03:04:10.000Z',
    });
    expect(answer.vpn2).toBeNull();
    expect(answer.vpns).toEqual([answer.vpn1]);
  });

  test('with two VPNs the mode is redundant, and the top level repeats vpn1', async () => {
    const one = new VpnStandIn('gluetun');
    const two = new VpnStandIn('gluetun2');
    two.answerStatus = async () =>
      vpnStatus({
        settings: vpnSettings({ vpn: 'gluetun2' }),
        port: { ...noPort, last: 51_234 },
      });
    const answer = await status(await api([one, two]));
    expect(answer.mode).toBe('redundant');
    expect(answer.vpns).toEqual([answer.vpn1, answer.vpn2]);
    expect(pick(answer, CONTRACT_FIELDS)).toEqual(pick(answer.vpn1 ?? {}, CONTRACT_FIELDS));
    expect([answer.vpn1, answer.vpn2]).toMatchObject([
      { container_name: 'gluetun', forwarded_port: 65_290 },
      { container_name: 'gluetun2', forwarded_port: 51_234 },
    ]);
  });

  test('a third VPN is in vpns', async () => {
    const answer = await status(await api(['a', 'b', 'c'].map((name) => new VpnStandIn(name))));
    expect(answer.vpns.map((v) => v.container_name)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['an engine on the forwarded port', {}, { forwarding: 'forwarded', health: 'healthy', engines: 1 }],
    [
      'a port whose engine is being created',
      { port: { ...noPort, last: 40_648 }, replacements: [replacement()] },
      { forwarding: 'replacing', forwarded_port: 40_648, replacements_running: 1 },
    ],
    ['no port yet', portless, { forwarding: 'none', forwarded_port: null, port_problem: 'port 0' }],
    [
      'no port because port forwarding is off',
      {
        ...portless,
        snapshot: snapshot(65_290, {
          vpn: presentVpn({ portForwarding: false }),
          port: { kind: 'unknown', forMs: 1, reason: 'port 0', none: true },
        }),
      },
      {
        forwarding: 'none',
        port_problem: expect.stringMatching(/^port forwarding is not on: set VPN_PORT_FORWARDING=on/),
      },
    ],
    [
      'a port that is no longer valid',
      { port: { ...noPort, last: 65_290, unknownSince: DAY, reason: 'refused' } },
      { forwarding: 'unknown', forwarded_port: null, port_problem: 'refused' },
    ],
    ['a port that keeps changing', { portChanges: storm() }, { forwarding: 'unstable' }],
    [
      'a lost port that kept changing before',
      { portChanges: storm(), portLost: { port: 65_290, since: DAY } },
      { forwarding: 'lost' },
    ],
    [
      'a running remedy with a failed attempt',
      {
        remedies: {
          ...noRemedies,
          running: {
            kind: 'restart VPN' as const,
            reason: 'port lost' as const,
            session: 'vpn-container@0',
            startedAt: DAY,
            error: 'it answers 500',
          },
        },
      },
      {
        remedy: {
          kind: 'restart VPN',
          started_at: '2026-01-02T03:04:05.000Z',
          ended_at: null,
          error: 'it answers 500',
        },
      },
    ],
    [
      'the open circuit breaker if that of one role is open',
      {
        breakers: {
          ...closedBreakers,
          forwarded: {
            ...closedBreakers.forwarded,
            replacement: { failures: 3, lastFailureAt: DAY, lastSuccessAt: null, openedAt: Date.now() },
          },
        },
      },
      {
        circuit_breakers: {
          general: { state: 'closed', failure_count: 0, failure_threshold: 5, recovery_timeout: 300 },
          replacement: {
            state: 'open',
            failure_count: 3,
            failure_threshold: 3,
            last_failure_time: '2026-01-02T03:04:05.000Z',
            recovery_timeout: 180,
          },
        },
      },
    ],
    [
      'a circuit breaker whose pause has ended since the last task of the workflow',
      {
        breakers: breakers({ replacement: { failures: 3, lastFailureAt: DAY, openedAt: DAY } }),
      },
      { circuit_breakers: { replacement: { state: 'half_open' } } },
    ],
    [
      'a problem',
      { unreachable: { kind: 'unreachable' as const, at: DAY, problem: 'Docker is not reachable' } },
      { problem: 'Docker is not reachable' },
    ],
    [
      'the number of engines without one that does not answer yet',
      { engines: [plainEngine(19_000, { ready: false }), plainEngine(19_001)] },
      { engines: 1 },
    ],
  ])('the status shows %s', async (_what, change, shown) => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerStatus = async () => vpnStatus(change);
    const answer = await status(await api([vpn]));
    expect(answer.vpn1).toMatchObject(shown);
  });

  test.each([
    [{ kind: 'absent' } as const, { status: 'not found', health: 'unknown', connected: false, engines: 0 }],
    [
      { ...present, running: false },
      { status: 'exited', health: 'unhealthy', connected: false, engines: 0 },
    ],
    [
      { ...present, health: 'unhealthy' } as const,
      { status: 'running', health: 'unhealthy', connected: false, engines: 0 },
    ],
    [
      { ...present, health: 'starting' } as const,
      { status: 'running', health: 'starting', connected: false, engines: 0 },
    ],
    [{ ...present, health: 'none' } as const, { status: 'running', health: 'healthy', connected: true, engines: 1 }],
  ])('the status shows the VPN container %j', async (vpnContainer, shown) => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerStatus = async () => vpnStatus({ snapshot: snapshot(65_290, { vpn: vpnContainer }) });
    expect(await status(await api([vpn]))).toMatchObject({ vpn1: shown });
  });

  test('a VPN whose workflow has never answered is unknown, and the other VPNs are shown', async () => {
    const down = new VpnStandIn('gluetun');
    down.fail('no worker');
    const answer = await status(await api([down, new VpnStandIn('gluetun2')]));
    expect(answer).toMatchObject({
      mode: 'redundant',
      health: 'unknown',
      connected: false,
      forwarded_port: null,
      vpn1: {
        container_name: 'gluetun',
        problem: 'its workflow does not answer: no worker',
        workflow_id: 'vpn/test/gluetun',
      },
      vpn2: { container_name: 'gluetun2', health: 'healthy', connected: true },
    });
  });

  test('a VPN whose workflow no longer answers is shown with its last state and its age, and as not connected', async () => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn]);
    await status(server);
    vpn.fail();
    await jest.advanceTimersByTimeAsync(7_000);
    expect((await status(server)).vpn1).toMatchObject({ stale_seconds: 7, connected: false, forwarded_port: 65_290 });
  });

  test('GET /vpn/publicip answers with the public address', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    vpn.answerProgress = async () => observeProgress({ publicIp: '203.0.113.7' });
    const response = await (await api([vpn])).inject('/vpn/publicip');
    expect([response.statusCode, response.json()]).toEqual([200, { public_ip: '203.0.113.7' }]);
  });

  test('the last heartbeat stays valid for 30 s after the end of its observe activity', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    vpn.answerProgress = async () => observeProgress({ publicIp: '203.0.113.7' });
    const server = await api([vpn]);
    const publicIp = async () => (await server.inject('/vpn/publicip')).statusCode;
    expect(await publicIp()).toBe(200);
    vpn.answerProgress = async () => null;
    await jest.advanceTimersByTimeAsync(6_000);
    expect(await publicIp()).toBe(200);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await publicIp()).toBe(503);
  });

  test('GET /vpn/publicip is a 503 with detail while no address is known', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerProgress = async () => observeProgress({ publicIp: null });
    const response = await (await api([vpn])).inject('/vpn/publicip');
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('public address');
  });
}
