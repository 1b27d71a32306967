import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { DAY, forwardedEngine, replacement, vpnStatus } from '../builders';
import { api, closeAll } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

const URL = '/vpns/gluetun/replacements';

export function replacementsCases(): void {
  afterEach(closeAll);

  test('replacements are listed newest first, with cause, ports, engines, times, attempts and state', async () => {
    const vpn = new VpnStandIn('gluetun');
    const first = replacement({ id: 'replace/1', cause: 'first engine', oldPort: null, old: [], target: null });
    const second = replacement({
      id: 'replace/2',
      state: 'completed',
      newEngine: { id: 'id-19001', name: 'engine-19001' },
      madeAt: DAY + 500,
      readyAt: DAY + 1_000,
      goneAt: DAY + 3_000,
      endedAt: DAY + 4_000,
      failedAttempts: 2,
      lastError: 'port taken',
    });
    vpn.answerStatus = async () => vpnStatus({ replacements: [first, second] });
    const response = await (await api([vpn])).inject(URL);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual([
      {
        id: 'replace/2',
        vpn: 'gluetun',
        cause: 'port changed',
        reason: null,
        state: 'completed',
        old_port: 65_290,
        new_port: 40_648,
        old_engine: { container_id: 'id-19000', container_name: 'engine-19000' },
        new_engine: { container_id: 'id-19001', container_name: 'engine-19001' },
        started_at: '2026-01-02T03:04:05.000Z',
        made_at: '2026-01-02T03:04:05.500Z',
        ready_at: '2026-01-02T03:04:06.000Z',
        gone_at: '2026-01-02T03:04:08.000Z',
        ended_at: '2026-01-02T03:04:09.000Z',
        failed_attempts: 2,
        last_error: 'port taken',
      },
      expect.objectContaining({ id: 'replace/1', old_port: null, new_port: null, old_engine: null, ready_at: null }),
    ]);
  });

  test('the list of a workflow that does not answer is a 503 with the reason', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.fail('deadline exceeded');
    const response = await (await api([vpn])).inject(URL);
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('deadline exceeded');
  });

  test('a replacement can be requested without a body, and is a 202 with its id', async () => {
    const vpn = new VpnStandIn('gluetun', [forwardedEngine(19_000, 65_290)]);
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL });
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ id: 'replace/test/gluetun/7-abcdef12', vpn: 'gluetun', state: 'running' });
    expect(vpn.replaced).toEqual([{ request: { requestId: expect.any(String) } }]);
  });

  test('engine, reason and Idempotency-Key are passed on', async () => {
    const vpn = new VpnStandIn('gluetun');
    await (
      await api([vpn])
    ).inject({
      method: 'POST',
      url: URL,
      headers: { 'idempotency-key': 'my-key' },
      payload: { engine: 'id-19000', reason: 'slow' },
    });
    expect(vpn.replaced).toEqual([{ request: { engine: 'id-19000', reason: 'slow', requestId: 'my-key' } }]);
  });

  test('each request without an Idempotency-Key is a new request', async () => {
    const vpn = new VpnStandIn('gluetun');
    const server = await api([vpn]);
    await server.inject({ method: 'POST', url: URL });
    await server.inject({ method: 'POST', url: URL });
    expect(new Set(vpn.replaced.map((r) => r.request.requestId)).size).toBe(2);
  });

  test('a replacement that the workflow refuses is a 409 with the reason', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () =>
      Promise.reject(new WorkflowUpdateFailedError('Workflow Update failed', new Error("no engine 'x' on this VPN")));
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL, payload: { engine: 'x' } });
    expect([response.statusCode, response.json()]).toEqual([409, { detail: "no engine 'x' on this VPN" }]);
  });

  test("a replacement that no worker takes in time is a 202 'pending', with the Idempotency-Key for a repeat", async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () => Promise.reject(new WorkflowUpdateRPCTimeoutOrCancelledError('deadline exceeded'));
    const response = await (
      await api([vpn])
    ).inject({ method: 'POST', url: URL, headers: { 'idempotency-key': 'k1' } });
    expect(response.statusCode).toBe(202);
    expect(response.json()).toEqual({
      id: null,
      request_id: 'k1',
      state: 'pending',
      detail: expect.stringContaining('Idempotency-Key'),
    });
    // The server has stored the request, so that it survives a restart of the server.
    expect(vpn.replacedLater).toEqual([{ requestId: 'k1' }]);
  });

  test('a replacement that gets no answer because Temporal is away is a 503', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () => Promise.reject(new WorkflowUpdateRPCTimeoutOrCancelledError('deadline exceeded'));
    vpn.answerSignal = () => Promise.reject(new Error('Failed to signal', { cause: new Error('14 UNAVAILABLE') }));
    const response = await (
      await api([vpn])
    ).inject({ method: 'POST', url: URL, headers: { 'idempotency-key': 'k1' } });
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toMatch(/the Temporal server does not answer: check that it runs.*Idempotency-Key k1/);
  });

  test('a replacement that Temporal does not take is a 503', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () =>
      Promise.reject(new ServiceError('Workflow Update failed', { cause: new Error('14 UNAVAILABLE') }));
    const response = await (
      await api([vpn])
    ).inject({ method: 'POST', url: URL, headers: { 'idempotency-key': 'k1' } });
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toMatch(/the Temporal server does not answer: check that it runs.*Idempotency-Key k1/);
  });

  test('a replacement on a VPN whose workflow does not exist yet is a 503', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () => Promise.reject(new WorkflowNotFoundError('not found', 'vpn/test/gluetun', undefined));
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL });
    expect(response.statusCode).toBe(503);
    expect(detail(response)).toContain('does not exist yet');
  });

  test('an unexpected error is a 500 without details', async () => {
    const vpn = new VpnStandIn('gluetun');
    vpn.answerReplace = () => Promise.reject(new TypeError('secret inner state'));
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL });
    expect([response.statusCode, response.json()]).toEqual([500, { detail: 'internal error; see the log' }]);
  });

  test.each(['GET', 'POST'] as const)('%s for a VPN that is not configured is a 404', async (method) => {
    const response = await (await api([new VpnStandIn('gluetun')])).inject({ method, url: '/vpns/other/replacements' });
    expect([response.statusCode, response.json()]).toEqual([404, { detail: "no VPN 'other' is configured" }]);
  });

  test.each([
    ['a misspelt field', { engin: 'id-19000' }],
    ['a number for a name', { engine: 5 }],
    ['a null for a name', { engine: null }],
    ['an empty name', { engine: '' }],
    ['a reason that is a list', { reason: ['a'] }],
    ['a reason that is too long', { reason: 'x'.repeat(501) }],
    ['a list', [{ engine: 'id-19000' }]],
    ['a text', '""'],
    ['a flag', 'false'],
  ])('a body with %s is a 422 with detail, and nothing is replaced', async (_what, payload) => {
    const vpn = new VpnStandIn('gluetun');
    const response = await (
      await api([vpn])
    ).inject({ method: 'POST', url: URL, payload, headers: { 'content-type': 'application/json' } });
    expect(response.statusCode).toBe(422);
    expect(detail(response)).toMatch(/^body/);
    expect(vpn.replaced).toEqual([]);
  });

  test.each([
    ['an Idempotency-Key that is too long', 422, { headers: { 'idempotency-key': 'x'.repeat(201) } }],
    ['invalid JSON', 400, { payload: '{"engine":', headers: { 'content-type': 'application/json' } }],
    ['a __proto__', 400, { payload: '{"__proto__":{}}', headers: { 'content-type': 'application/json' } }],
    ['a form', 415, { payload: 'engine=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['a body of over 256 KiB', 413, { payload: { reason: 'x'.repeat(300_000) } }],
  ])('a request with %s is a %i with detail, and nothing is replaced', async (_what, status, request) => {
    const vpn = new VpnStandIn('gluetun');
    const response = await (await api([vpn])).inject({ method: 'POST', url: URL, ...request });
    expect(response.statusCode).toBe(status);
    expect(detail(response)).not.toBe('');
    expect(vpn.replaced).toEqual([]);
  });
}
