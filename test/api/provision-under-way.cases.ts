import type { Replacement } from '../../src/domain/replacement';
import type { VpnData } from '../../src/workflows/vpn/data';
import { forwardedEngine, plainEngine, replacement, target, breakers } from '../builders';
import { api, closeAll, Later, turnTime } from './api-under-test';
import { answered, ask, BootingVpn, pass } from './booting-vpn';

const MADE = { id: 'id-19001', name: 'acestream_fwd_gluetun_7_1_abcdef12' };

const ENGINE = {
  container_id: MADE.id,
  container_name: MADE.name,
  host_http_port: 19_001,
  container_http_port: 19_001,
  container_https_port: 45_001,
};

/** The body that acexy sends. */
const ANY = { labels: {}, env: {} };

const FULL = { maxReplicas: 1 };

/** A VPN whose only engine is being replaced, because the port has changed. */
function replacing(change: Partial<Replacement> = {}, report: Partial<VpnData> = {}): BootingVpn {
  const replacements = [replacement({ startedAt: Date.now(), ...change })];
  return new BootingVpn('gluetun', { nextNumber: 8, replacements, ...report });
}

function ready(vpn: BootingVpn, lastUsedAt: number | null = null): void {
  vpn.advance({ made: MADE, newEngine: MADE, readyAt: Date.now() });
  vpn.change({ engines: [forwardedEngine(19_001, 40_648, { id: MADE.id, name: MADE.name, lastUsedAt })] });
}

export function provisionUnderWayCases(): void {
  // A proxy finds no engine, because the only one is being replaced, and requests one.

  beforeEach(turnTime);

  afterEach(async () => {
    await closeAll();
    jest.useRealTimers();
  });

  test('a request while the only engine is being replaced gets the new engine as soon as it answers, and no other engine is started', async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(300);
    vpn.advance({ made: MADE });
    await pass(500);
    expect(asked.status).toBeNull();
    ready(vpn);
    await pass(200);
    expect(asked).toEqual({ status: 200, body: ENGINE });
    expect(vpn.provisioned).toEqual([]);
  });

  test('it gets the booting engine after 2 s, even in a full pool', async () => {
    const vpn = replacing({ made: MADE });
    const server = await api([vpn], { pool: FULL });
    const asked = [ask(server), ask(server, ANY)];
    await pass(2_100);
    expect(asked).toEqual([
      { status: 200, body: ENGINE },
      { status: 200, body: ENGINE },
    ]);
  });

  test("it gets the engine's name as its id if a busy host has not created the container in time, because proxies accept only a 200", async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(2_700);
    expect(asked).toEqual({ status: 200, body: { ...ENGINE, container_id: MADE.name } });
  });

  test("it gets an engine that became ready so recently that a proxy's list may lack it, and that nobody uses", async () => {
    const vpn = replacing();
    ready(vpn);
    const server = await api([vpn], { pool: FULL });
    await pass(2_500);
    expect(await answered(server, ANY)).toEqual({ status: 200, body: ENGINE });
    await pass(1_000);
    expect(await answered(server, ANY)).toMatchObject({ status: 503, body: { detail: { code: 'max_capacity' } } });
    const used = replacing();
    ready(used, Date.now());
    expect((await answered(await api([used], { pool: FULL }), ANY)).status).toBe(503);
  });

  test('/orchestrator/status says meanwhile that provisioning is possible', async () => {
    const server = await api([replacing()], { pool: FULL });
    const { provisioning }: { provisioning: object } = (await server.inject('/orchestrator/status')).json();
    expect(provisioning).toMatchObject({ can_provision: true, blocked_reason: null, blocked_reason_details: null });
  });

  test('it gets the engine for the newest port if the port changes again meanwhile', async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(300);
    vpn.advance({ target: target({ generation: 2, p2pPort: 50_000, httpPort: 19_002, httpsPort: 45_002 }) });
    await pass(2_400);
    expect(asked).toMatchObject({
      status: 200,
      body: { container_name: 'acestream_fwd_gluetun_7_2_abcdef12', host_http_port: 19_002 },
    });
  });

  test('it is a 503 with the error if the replacement has failed and the time is up', async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(300);
    vpn.advance({ failedAttempts: 1, lastError: 'no space left on device' });
    await pass(2_400);
    expect(asked).toMatchObject({
      status: 503,
      body: { detail: { code: 'general_error', message: expect.stringContaining('no space left') } },
    });
  });

  test("it also gets the engine's name if the workflow is too busy to give its status", async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(300);
    vpn.answerStatus = () => new Later<never>().promise;
    await pass(2_400);
    expect(asked).toEqual({ status: 200, body: { ...ENGINE, container_id: MADE.name } });
  });

  describe('a request gets an engine of its own', () => {
    test.each<[what: string, vpn: () => BootingVpn, body: object]>([
      ['with labels', () => replacing(), { labels: { stream_id: 'ch-42' } }],
      ['with an environment', () => replacing(), { env: { CACHE_LIMIT: '2' } }],
      ['with a port', () => replacing(), { host_port: 19_050 }],
      ['when another engine is listed', () => replacing({}, { engines: [plainEngine(19_005)] }), ANY],
      [
        'when the pending engine was requested by somebody else',
        () => replacing({ cause: 'requested', requestId: 'other' }),
        ANY,
      ],
      [
        'when the pending engine has to wait for the old one',
        () => replacing({ target: target({ waitFor: ['id-19000'] }) }),
        ANY,
      ],
      ['when the replacement has failed before', () => replacing({ failedAttempts: 1 }), ANY],
      [
        'when the circuit breaker for replacements is open',
        () => replacing({}, { breakers: breakers({ replacement: { openedAt: 0 } }) }),
        ANY,
      ],
      ['when the pending engine was removed', () => replacing({ target: null, made: MADE }), ANY],
    ])('%s', async (_what, make, body) => {
      const vpn = make();
      ask(await api([vpn]), body);
      await pass(200);
      expect(vpn.provisioned).toHaveLength(1);
    });
  });

  test('in a full pool a request gets the engine that is being replaced, although there are other engines', async () => {
    const vpn = replacing({ made: MADE }, { engines: [plainEngine(19_005)] });
    const asked = ask(await api([vpn], { pool: { maxReplicas: 2 } }), ANY);
    await pass(2_100);
    expect(asked).toEqual({ status: 200, body: ENGINE });
    expect(vpn.provisioned).toEqual([]);
  });
}
