import { randomBytes } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Replacement } from '../../src/domain/replacement';
import { pauseUntil } from '../../src/lib/pause';
import { open, type SealingKey } from '../../src/secrets/seal';
import { plainEngine, presentVpn, snapshot } from '../builders';
import { api, closeAll, Later, SEALING_KEY, turnTime } from './api-under-test';
import { answered, ask, BootingVpn, ENGINE, pass, URL } from './booting-vpn';

export function provisionCases(): void {
  beforeEach(turnTime);

  afterEach(async () => {
    await closeAll();
    jest.useRealTimers();
  });

  test('the answer is 200 as soon as the engine answers', async () => {
    const vpn = new BootingVpn();
    const server = await api([vpn]);
    const asked = ask(server, { labels: { stream_id: 'ch-42' }, env: {} });
    await pass(500);
    vpn.made();
    await pass(500);
    expect(asked.status).toBeNull();
    vpn.ready();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
    expect(vpn.provisioned).toEqual([
      {
        request: {
          requestId: expect.stringMatching(/^provision-[0-9a-f]{32}-abcdef12-1$/),
          labels: { stream_id: 'ch-42' },
          sealedEnv: null,
          httpPort: null,
        },
      },
    ]);
  });

  test('the answer is 200 after 2 s while the engine is still booting', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn]));
    await pass(300);
    vpn.made();
    await pass(1_600);
    expect(asked.status).toBeNull();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('if the container is created after more than 2 s, the answer comes then', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn]));
    await pass(2_200);
    expect(asked.status).toBeNull();
    vpn.made();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('without a container in time the answer is a 503 with should_wait, before proxies give up', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn]));
    await pass(300);
    vpn.advance({ failedAttempts: 1, lastError: 'no space left on device' });
    await pass(2_400);
    expect(asked).toEqual({
      status: 503,
      body: {
        detail: {
          error: 'provisioning_blocked',
          code: 'general_error',
          message: expect.stringContaining('no space left on device'),
          recovery_eta_seconds: null,
          can_retry: true,
          should_wait: true,
        },
      },
    });
  });

  describe('a repeat', () => {
    const body = { labels: { a: '1', b: '2' }, env: { CONF: '--x\n--y', TOKEN: 'secret' } };
    const sameBody = { env: { TOKEN: 'secret', CONF: '--x\n--y' }, host_port: null, labels: { b: '2', a: '1' } };

    test('gets the booting engine, whatever the order of its fields', async () => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      ask(server, body);
      await pass(300);
      vpn.made();
      await pass(2_700);
      const repeated = ask(server, sameBody);
      await pass(2_100);
      expect(repeated).toEqual({ status: 200, body: ENGINE });
      expect(vpn.requestIds).toHaveLength(1);
    });

    test('gets the same engine from another API process with the same key', async () => {
      const vpn = new BootingVpn();
      const [one, other] = await Promise.all([api([vpn]), api([vpn])]);
      const provision = vpn.answerProvision;
      // By then both processes have read the status.
      vpn.answerProvision = async (request) => pauseUntil(100).then(() => provision(request));
      ask(one, body);
      const atOnce = ask(other, sameBody);
      await pass(300);
      vpn.made();
      const later = ask(other, sameBody);
      await pass(2_200);
      expect([atOnce, later]).toEqual([
        { status: 200, body: ENGINE },
        { status: 200, body: ENGINE },
      ]);
      expect(vpn.requestIds).toHaveLength(1);
    });

    test('sends the update again with the same id if the first one was not answered, and gets the same engine', async () => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      const provision = vpn.answerProvision;
      vpn.answerProvision = () => new Later<Replacement>().promise;
      const first = ask(server, body);
      await pass(2_700);
      expect(first).toMatchObject({
        status: 503,
        body: { detail: { error: 'provisioning_blocked', should_wait: true } },
      });
      vpn.answerProvision = provision;
      // The workflow has started another replacement meanwhile, so that the id made from its status alone would be a new one.
      vpn.change({ nextNumber: 9 });
      const repeated = ask(server, sameBody);
      await pass(300);
      vpn.ready();
      await pass(200);
      expect(repeated).toEqual({ status: 200, body: ENGINE });
      expect(vpn.requestIds).toHaveLength(1);
    });

    test('gets the engine that has answered, until somebody uses it', async () => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      ask(server, body);
      await pass(300);
      vpn.ready();
      await pass(1_000);
      expect(await answered(server, sameBody)).toEqual({ status: 200, body: ENGINE });
      vpn.change({ engines: [plainEngine(19_001, { lastUsedAt: Date.now() })] });
      await pass(100);
      ask(server, sameBody);
      await pass(100);
      expect(vpn.requestIds).toHaveLength(2);
    });

    test('goes to another VPN if the VPN of the first request has gone down', async () => {
      const vpn = new BootingVpn();
      const other = new BootingVpn('gluetun2');
      const server = await api([vpn, other]);
      vpn.answerProvision = () => new Later<Replacement>().promise;
      ask(server, body);
      await pass(2_700);
      vpn.answerProvision = () => Promise.reject(new WorkflowUpdateFailedError('refused', new Error('not healthy')));
      vpn.change({ snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }) });
      const repeated = ask(server, sameBody);
      await pass(300);
      other.ready();
      await pass(200);
      expect(repeated).toEqual({ status: 200, body: ENGINE });
      expect(other.requestIds).toHaveLength(1);
    });

    test('goes to the same VPN while that does not answer, and starts no engine on another VPN', async () => {
      const vpn = new BootingVpn();
      const other = new BootingVpn('gluetun2');
      const server = await api([vpn, other]);
      ask(server, body);
      await pass(2_700);
      expect(vpn.requestIds).toHaveLength(1);
      vpn.fail();
      await pass(1_000);
      ask(server, sameBody);
      await pass(2_700);
      expect(other.provisioned).toEqual([]);
      expect(vpn.provisioned).toHaveLength(2);
      expect(vpn.requestIds).toHaveLength(1);
    });

    test('is a new request after STARTUP_TIMEOUT_S', async () => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      ask(server, body);
      await pass(300);
      vpn.ready();
      await pass(25_100);
      ask(server, body);
      await pass(100);
      expect(vpn.requestIds).toHaveLength(2);
    });

    test('does not get an engine that is gone, or one on a VPN that is down', async () => {
      const vpn = new BootingVpn();
      const other = new BootingVpn('gluetun2');
      const server = await api([vpn, other]);
      ask(server, body);
      await pass(300);
      vpn.ready();
      vpn.change({ engines: [] });
      await pass(100);
      ask(server, body);
      await pass(100);
      expect(vpn.requestIds).toHaveLength(2);
      vpn.change({ snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }) });
      await pass(100);
      ask(server, body);
      await pass(100);
      expect(other.requestIds).toHaveLength(1);
    });

    test.each([
      ['another label', { ...body, labels: { a: '1', b: '3' } }],
      ['another variable', { ...body, env: { CONF: '--x\n--y', TOKEN: 'other' } }],
      ['a port of its own', { ...body, host_port: 19_050 }],
      ['no body', undefined],
    ])('with %s gets another engine', async (_what, different) => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      ask(server, body);
      await pass(100);
      ask(server, different);
      await pass(100);
      expect(vpn.requestIds).toHaveLength(2);
    });
  });

  test("two simultaneous requests can't both take the last place in the pool", async () => {
    const vpn = new BootingVpn();
    const server = await api([vpn], { pool: { maxReplicas: 1 } });
    const asked = [ask(server, { labels: { n: '1' } }), ask(server, { labels: { n: '2' } })];
    await pass(300);
    vpn.ready();
    await pass(200);
    expect(asked.map((a) => String(a.status)).toSorted()).toEqual(['200', '503']);
    expect(vpn.requestIds).toHaveLength(1);
  });

  test('the environment leaves the API sealed, and the request id does not reveal it', async () => {
    const vpn = new BootingVpn();
    const env = { CONF: '--http-port=1\n--verbose', TOKEN: 'hunter2hunter2' };
    ask(await api([vpn]), { env });
    await pass(100);
    const sent = JSON.stringify(vpn.provisioned);
    expect(sent).not.toMatch(/hunter2|verbose/);
    expect(open(vpn.provisioned[0]?.request.sealedEnv ?? '', SEALING_KEY)).toEqual(env);
  });

  test('request ids depend on the sealing key, so that nobody without it can guess the environment', async () => {
    const vpn = new BootingVpn();
    const env = { TOKEN: 'hunter2' };
    ask(await api([vpn]), { env });
    await pass(100);
    vpn.change({ replacements: [], nextNumber: 1 });
    ask(await api([vpn], { sealingKey: async () => randomBytes(32) as SealingKey }), { env });
    await pass(100);
    expect(vpn.requestIds).toHaveLength(2);
  });

  test('a request without an environment needs no sealing key', async () => {
    const vpn = new BootingVpn();
    ask(await api([vpn], { sealingKey: () => Promise.reject(new Error('no data folder')) }), {
      labels: { stream_id: 'a' },
    });
    await pass(100);
    expect(vpn.provisioned).toHaveLength(1);
  });

  test('a request with an environment is refused while there is no sealing key', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn], { sealingKey: () => Promise.reject(new Error('no data folder')) }), {
      env: { TOKEN: 'hunter2' },
    });
    await pass(100);
    expect(asked).toMatchObject({
      status: 500,
      body: {
        detail: { error: 'provisioning_failed', code: 'general_error', message: expect.stringMatching(/the key/) },
      },
    });
    expect(vpn.provisioned).toEqual([]);
  });

  test('a VPN that does not answer in time does not delay requests', async () => {
    const slow = new BootingVpn('slow');
    slow.answerStatus = () => new Later<never>().promise;
    const vpn = new BootingVpn('gluetun');
    const asked = ask(await api([slow, vpn]));
    await pass(1_050);
    vpn.ready();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('provisioning needs the API key if one is set', async () => {
    const server = await api([new BootingVpn()], { access: { keys: ['k'] } });
    expect((await server.inject({ method: 'POST', url: URL })).statusCode).toBe(401);
  });
}
