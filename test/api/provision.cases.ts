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

  test('an engine that still boots is answered after 2 s, as 200', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn]));
    await pass(300);
    vpn.made();
    await pass(1_600);
    expect(asked.status).toBeNull();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('a container that is made just after 2 s is answered then', async () => {
    const vpn = new BootingVpn();
    const asked = ask(await api([vpn]));
    await pass(2_200);
    expect(asked.status).toBeNull();
    vpn.made();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('with no container in time it is a 503 that says to wait, within what proxies wait for', async () => {
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

    test('meets the engine that boots, whatever the order of its fields', async () => {
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

    test('meets it through another API process, which has the same key', async () => {
      const vpn = new BootingVpn();
      const [one, other] = await Promise.all([api([vpn]), api([vpn])]);
      const provision = vpn.answerProvision;
      // Both have read the state by then.
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

    test('meets it although its update has not been answered, and asks for it with the same id', async () => {
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
      // Meanwhile the VPN's workflow has begun something else, so that by its state alone this would be a new request.
      vpn.change({ nextNumber: 9 });
      const repeated = ask(server, sameBody);
      await pass(300);
      vpn.ready();
      await pass(200);
      expect(repeated).toEqual({ status: 200, body: ENGINE });
      expect(vpn.requestIds).toHaveLength(1);
    });

    test('meets the engine that has answered, until somebody uses it', async () => {
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

    test('of one that was begun on a VPN which has gone down since goes to another VPN', async () => {
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

    test('that comes while its VPN is silent asks that VPN again, and begins none on another', async () => {
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

    test('that comes when a boot is long over is a new request', async () => {
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

    test('does not meet an engine that is gone, or one on a VPN that is down', async () => {
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
    ])('with %s is another engine', async (_what, different) => {
      const vpn = new BootingVpn();
      const server = await api([vpn]);
      ask(server, body);
      await pass(100);
      ask(server, different);
      await pass(100);
      expect(vpn.requestIds).toHaveLength(2);
    });
  });

  test('two requests at once can not both take the last place', async () => {
    const vpn = new BootingVpn();
    const server = await api([vpn], { pool: { maxReplicas: 1 } });
    const asked = [ask(server, { labels: { n: '1' } }), ask(server, { labels: { n: '2' } })];
    await pass(300);
    vpn.ready();
    await pass(200);
    expect(asked.map((a) => String(a.status)).toSorted()).toEqual(['200', '503']);
    expect(vpn.requestIds).toHaveLength(1);
  });

  test('environment leaves the API sealed, and what its request is named after tells nothing of it', async () => {
    const vpn = new BootingVpn();
    const env = { CONF: '--http-port=1\n--verbose', TOKEN: 'hunter2hunter2' };
    ask(await api([vpn]), { env });
    await pass(100);
    const sent = JSON.stringify(vpn.provisioned);
    expect(sent).not.toMatch(/hunter2|verbose/);
    expect(open(vpn.provisioned[0]?.request.sealedEnv ?? '', SEALING_KEY)).toEqual(env);
  });

  test('without the key nobody can try which environment a request was made with', async () => {
    const vpn = new BootingVpn();
    const env = { TOKEN: 'hunter2' };
    ask(await api([vpn]), { env });
    await pass(100);
    vpn.change({ replacements: [], nextNumber: 1 });
    ask(await api([vpn], { sealingKey: async () => randomBytes(32) as SealingKey }), { env });
    await pass(100);
    expect(vpn.requestIds).toHaveLength(2);
  });

  test('who gives no environment needs no key, which an API without a data folder has not', async () => {
    const vpn = new BootingVpn();
    ask(await api([vpn], { sealingKey: () => Promise.reject(new Error('no data folder')) }), {
      labels: { stream_id: 'a' },
    });
    await pass(100);
    expect(vpn.provisioned).toHaveLength(1);
  });

  test('who gives an environment is refused, in the form of a refusal, while there is no key', async () => {
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

  test('a VPN that takes too long to say how it is holds nobody up', async () => {
    const slow = new BootingVpn('slow');
    slow.answerStatus = () => new Later<never>().promise;
    const vpn = new BootingVpn('gluetun');
    const asked = ask(await api([slow, vpn]));
    await pass(1_050);
    vpn.ready();
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
  });

  test('it asks for the key, where one is set', async () => {
    const server = await api([new BootingVpn()], { access: { keys: ['k'] } });
    expect((await server.inject({ method: 'POST', url: URL })).statusCode).toBe(401);
  });
}
