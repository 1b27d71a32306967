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

/** As acexy asks. */
const ANY = { labels: {}, env: {} };

const FULL = { maxReplicas: 1 };

/** Its one engine is being replaced, since its port has changed. */
function replacing(change: Partial<Replacement> = {}, report: Partial<VpnData> = {}): BootingVpn {
  const replacements = [replacement({ startedAt: Date.now(), ...change })];
  return new BootingVpn('gluetun', { nextNumber: 8, replacements, ...report });
}

function ready(vpn: BootingVpn, lastUsedAt: number | null = null): void {
  vpn.advance({ made: MADE, newEngine: MADE, readyAt: Date.now() });
  vpn.change({ engines: [forwardedEngine(19_001, 40_648, { id: MADE.id, name: MADE.name, lastUsedAt })] });
}

export function provisionUnderWayCases(): void {
  // A proxy that finds no engine because the only one is being replaced, and asks for one.

  beforeEach(turnTime);

  afterEach(async () => {
    await closeAll();
    jest.useRealTimers();
  });

  test('is told of the engine that comes up anyway, as soon as that answers, and no other one is begun', async () => {
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

  test('is told of it after 2 s while it still boots, also where there may be no other one', async () => {
    const vpn = replacing({ made: MADE });
    const server = await api([vpn], { pool: FULL });
    const asked = [ask(server), ask(server, ANY)];
    await pass(2_100);
    expect(asked).toEqual([
      { status: 200, body: ENGINE },
      { status: 200, body: ENGINE },
    ]);
  });

  test('is told of it by its name when a busy host has made no container in time, since only 200 counts', async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(2_700);
    expect(asked).toEqual({ status: 200, body: { ...ENGINE, container_id: MADE.name } });
  });

  test('is told of it when it has just come up, in no list that a proxy may have, and is used by nobody', async () => {
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

  test('may go by the status, which says that an engine can be had', async () => {
    const server = await api([replacing()], { pool: FULL });
    const { provisioning }: { provisioning: object } = (await server.inject('/orchestrator/status')).json();
    expect(provisioning).toMatchObject({ can_provision: true, blocked_reason: null, blocked_reason_details: null });
  });

  test('follows it when the port moves again before it is there', async () => {
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

  test('that fails it is told so, when there is no time left', async () => {
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

  test('is told of it by its name, too, when the workflow is too busy to say how far it is', async () => {
    const vpn = replacing();
    const asked = ask(await api([vpn]), ANY);
    await pass(300);
    vpn.answerStatus = () => new Later<never>().promise;
    await pass(2_400);
    expect(asked).toEqual({ status: 200, body: { ...ENGINE, container_id: MADE.name } });
  });

  describe('gets an engine of its own', () => {
    test.each<[what: string, vpn: () => BootingVpn, body: object]>([
      ['when it wants one in particular', () => replacing(), { labels: { stream_id: 'ch-42' } }],
      ['with environment', () => replacing(), { env: { CACHE_LIMIT: '2' } }],
      ['with a port', () => replacing(), { host_port: 19_050 }],
      [
        'when another engine is listed, which it has not chosen',
        () => replacing({}, { engines: [plainEngine(19_005)] }),
        ANY,
      ],
      ['when the one on its way is of somebody else', () => replacing({ cause: 'requested', requestId: 'other' }), ANY],
      ['when it can begin only after the old one', () => replacing({ target: target({ waitFor: ['id-19000'] }) }), ANY],
      ['when it has failed before', () => replacing({ failedAttempts: 1 }), ANY],
      [
        'when engines like it keep failing',
        () => replacing({}, { breakers: breakers({ replacement: { openedAt: 0 } }) }),
        ANY,
      ],
      ['when somebody has removed it', () => replacing({ target: null, made: MADE }), ANY],
    ])('%s', async (_what, make, body) => {
      const vpn = make();
      ask(await api([vpn]), body);
      await pass(200);
      expect(vpn.provisioned).toHaveLength(1);
    });
  });

  test('with a full pool and all other engines in use it is told of the one that is replaced', async () => {
    const vpn = replacing({ made: MADE }, { engines: [plainEngine(19_005)] });
    const asked = ask(await api([vpn], { pool: { maxReplicas: 2 } }), ANY);
    await pass(2_100);
    expect(asked).toEqual({ status: 200, body: ENGINE });
    expect(vpn.provisioned).toEqual([]);
  });
}
