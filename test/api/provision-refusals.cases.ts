import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { VpnSettings } from '../../src/domain/settings';
import type { VpnData } from '../../src/workflows/vpn/data';
import { plainEngine, presentVpn, replacement, snapshot, target, vpnSettings, breakers } from '../builders';
import { api, closeAll, turnTime } from './api-under-test';
import { answered, ask, BootingVpn, pass, URL } from './booting-vpn';
import { detail } from './proxy-decoder';

const openSince = (openedAt: number) => breakers({ general: { failures: 5, openedAt } });

const trial = replacement({
  cause: 'scaled up',
  old: [],
  target: target({ role: 'plain', p2pPort: null, httpPort: 19_050 }),
});

const imageMissing = (pullPolicy: VpnSettings['pullPolicy']) => ({
  snapshot: snapshot(65_290, { imagePresent: false }),
  settings: vpnSettings({ pullPolicy }),
});

const reasons: [what: string, change: Partial<VpnData>, reason: object][] = [
  [
    'a VPN that is down',
    { snapshot: snapshot(65_290, { vpn: presentVpn({ running: false }) }) },
    { code: 'vpn_disconnected', recovery_eta_seconds: 11, can_retry: true, should_wait: true },
  ],
  [
    'a Docker that does not answer',
    { unreachable: { kind: 'unreachable', at: 0, problem: "Docker can't be reached" } },
    { code: 'vpn_error', recovery_eta_seconds: 10, can_retry: true, should_wait: true },
  ],
  [
    'a full pool',
    { engines: Array.from({ length: 20 }, (_, i) => plainEngine(19_000 + i)) },
    { code: 'max_capacity', recovery_eta_seconds: 30, can_retry: false, should_wait: true },
  ],
  [
    'an open circuit breaker',
    { breakers: openSince(0) },
    { code: 'circuit_breaker', recovery_eta_seconds: 300, can_retry: false, should_wait: true },
  ],
  [
    'a half open circuit breaker with an engine that is being tried',
    { breakers: openSince(-300_000), replacements: [trial] },
    { code: 'circuit_breaker', recovery_eta_seconds: 0, can_retry: true, should_wait: true },
  ],
  [
    'an image that is being pulled',
    imageMissing('missing'),
    { code: 'general_error', recovery_eta_seconds: null, can_retry: true, should_wait: true },
  ],
  [
    'a missing image that is not pulled',
    imageMissing('never'),
    { code: 'general_error', recovery_eta_seconds: null, can_retry: false, should_wait: false },
  ],
];

function refusing(error: Error): BootingVpn {
  const vpn = new BootingVpn();
  vpn.answerProvision = () => Promise.reject(error);
  return vpn;
}

export function provisionRefusalsCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    await closeAll();
    jest.useRealTimers();
  });

  test.each(reasons)(
    '%s is a 503 with code, message and advice, and /orchestrator/status has the same reason',
    async (...given) => {
      const [, change, reason] = given;
      jest.setSystemTime(0);
      const vpn = new BootingVpn('gluetun', change);
      const server = await api([vpn]);
      const { status, body } = await answered(server);
      const details = { ...reason, message: expect.stringMatching(/.+/) };
      expect([status, body]).toEqual([503, { detail: { error: 'provisioning_blocked', ...details } }]);
      expect(vpn.provisioned).toEqual([]);
      const {
        provisioning,
      }: { provisioning: { blocked_reason: unknown; blocked_reason_details: { message: unknown } } } = (
        await server.inject('/orchestrator/status')
      ).json();
      expect(provisioning).toMatchObject({ can_provision: false, blocked_reason_details: details });
      expect(provisioning.blocked_reason).toBe(provisioning.blocked_reason_details.message);
    },
  );

  test('a workflow that does not answer is a general_error with should_wait, and /orchestrator/status has the same reason', async () => {
    const vpn = new BootingVpn();
    vpn.fail();
    const server = await api([vpn]);
    const reason = { code: 'general_error', recovery_eta_seconds: 10, can_retry: true, should_wait: true };
    expect(await answered(server)).toMatchObject({
      status: 503,
      body: { detail: { error: 'provisioning_blocked', ...reason } },
    });
    const status = server.inject('/orchestrator/status');
    await pass(3_000);
    expect((await status).json()).toMatchObject({
      provisioning: { can_provision: false, blocked_reason_details: reason },
    });
  });

  test('a port that another engine has is a general_error without should_wait', async () => {
    const vpn = new BootingVpn('gluetun', { engines: [plainEngine(19_001)] });
    expect(await answered(await api([vpn]), { host_port: 19_001 })).toMatchObject({
      status: 503,
      body: {
        detail: { error: 'provisioning_blocked', code: 'general_error', can_retry: false, should_wait: false },
      },
    });
  });

  test('MAX_REPLICAS is kept even while a VPN with engines does not answer', async () => {
    const silent = new BootingVpn('gluetun', { engines: [plainEngine(19_000), plainEngine(19_001)] });
    const other = new BootingVpn('gluetun2', { engines: [plainEngine(19_100)] });
    const server = await api([silent, other], { pool: { maxReplicas: 3 } });
    // Proxies read the status all the time, so it is known although no engine was requested before.
    await server.inject('/orchestrator/status');
    silent.fail();
    await pass(60_000);
    expect(await answered(server)).toMatchObject({
      status: 503,
      body: { detail: { error: 'provisioning_blocked', code: 'max_capacity' } },
    });
    expect(other.provisioned).toEqual([]);
  });

  describe('an update that', () => {
    test('is refused is a 500 with the reason, and a repeat is a new request', async () => {
      const vpn = refusing(new WorkflowUpdateFailedError('Workflow Update failed', new Error('no free HTTPS port')));
      const server = await api([vpn]);
      const { status, body } = await answered(server);
      expect([status, body]).toMatchObject([
        500,
        {
          detail: {
            error: 'provisioning_failed',
            code: 'general_error',
            message: 'no free HTTPS port',
            should_wait: false,
          },
        },
      ]);
      vpn.change({ nextNumber: 2 });
      await pass(100);
      await answered(server);
      expect(vpn.requestIds).toHaveLength(2);
    });

    test('is refused because the VPN has just gone down is a 503 with that reason', async () => {
      const vpn = refusing(new WorkflowUpdateFailedError('Workflow Update failed', new Error('not healthy')));
      const server = await api([vpn]);
      const refuse = vpn.answerProvision;
      vpn.answerProvision = async (request) => {
        vpn.change({ snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }) });
        await jest.advanceTimersByTimeAsync(100);
        return refuse(request);
      };
      expect(await answered(server)).toMatchObject({ status: 503, body: { detail: { code: 'vpn_disconnected' } } });
    });

    test.each([
      new WorkflowUpdateRPCTimeoutOrCancelledError('deadline exceeded'),
      new ServiceError('Workflow Update failed', { cause: new Error('14 UNAVAILABLE') }),
      new WorkflowNotFoundError('not found', 'vpn/test/gluetun', undefined),
    ])('fails with $name is a 503 that allows a repeat', async (error) => {
      expect(await answered(await api([refusing(error)]))).toMatchObject({
        status: 503,
        body: { detail: { error: 'provisioning_blocked', code: 'general_error', can_retry: true, should_wait: true } },
      });
    });

    test('fails with an unexpected error is a 500 without details', async () => {
      const { status, body } = await answered(await api([refusing(new TypeError('secret inner state'))]));
      expect([status, body]).toEqual([500, { detail: 'internal error; see the log' }]);
    });
  });

  test.each([
    ['whose workflow was terminated', { state: 'lost' }],
    ['whose engine was removed', { target: null }],
  ] as const)('a provisioning %s is a 500, and a repeat begins another provisioning', async (_what, change) => {
    const vpn = new BootingVpn();
    const server = await api([vpn]);
    const asked = ask(server);
    await pass(200);
    vpn.advance(change);
    await pass(200);
    expect(asked).toMatchObject({ status: 500, body: { detail: { error: 'provisioning_failed' } } });
    ask(server);
    await pass(200);
    expect(vpn.requestIds).toHaveLength(2);
  });

  test.each([
    ['a misspelt field', { label: {} }, /^body/],
    ['an image', { image: 'acestream/engine:latest' }, /^body/],
    ['labels that are a list', { labels: [] }, /^body\/labels/],
    ['a label that is a boolean', { labels: { a: true } }, /^body\/labels/],
    ['a label with a NUL', { labels: { a: 'x\0y' } }, /^body\/labels/],
    ['a label name with a space', { labels: { 'a b': 'x' } }, /^labels/],
    ['too many labels', { labels: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`l${i}`, ''])) }, /labels/],
    ['labels with too many bytes in all', { labels: { l: 'x'.repeat(400) } }, /^labels: expected at most 400 bytes/],
    [
      'a label that Portward sets',
      { labels: { 'acestream.http_port': '19000' } },
      /acestream\.http_port is Portward's own/,
    ],
    ['CONTAINER_LABEL', { labels: { 'ondemand.app': 'other' } }, /ondemand\.app is Portward's own/],
    ['a variable that is null', { env: { A: null } }, /^body\/env/],
    ['a variable that is null, with a name of several lines', { env: { 'A\nB': null } }, /^body\/env/],
    ['a label that is null, with a name of several lines', { labels: { 'a\nb': null } }, /^body\/labels/],
    ['a variable name with =', { env: { 'A=B': 'x' } }, /^env/],
    ['a variable with a NUL', { env: { A: 'x\0y' } }, /^body\/env/],
    ['variables with too many bytes in all', { env: { A: 'x'.repeat(40_000) } }, /^env: expected at most 32768 bytes/],
    ['a port that is not a number', { host_port: 'x' }, /^body\/host_port/],
    ['port 0', { host_port: 0 }, /^body\/host_port/],
    ['a port that no VPN has', { host_port: 18_000 }, /expected one of 19000-19099, found 18000/],
  ])('a body with %s is a 422 that names the fault, and nothing is provisioned', async (_what, payload, message) => {
    const vpn = new BootingVpn();
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL, payload });
    expect(response.statusCode).toBe(422);
    expect(detail(response)).toMatch(message);
    expect(vpn.provisioned).toEqual([]);
  });
}
