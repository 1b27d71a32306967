import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { engineRef } from '../../src/domain/engine';
import type { EngineCondition } from '../../src/domain/vpn/observation';
import { DAY, forwardedEngine, plainEngine, replacement, snapshot, target, vpnStatus, vpnSettings } from '../builders';
import { api, AT_ONCE, closeAll, Later } from './api-under-test';
import { detail } from './proxy-decoder';
import { VpnStandIn } from './vpn-stand-in';

const FORWARDED_ID = '37dde0b9071e269445157389a80d7c8288de9be4a7a885cb7f5ab468247f68a3';

function condition(id: string, running: boolean): EngineCondition {
  return { id, running, startedAt: running ? DAY : null, networkOf: 'vpn-container', health: 'healthy' };
}

/** A VPN with a container in each stage. */
function vpn(): VpnStandIn {
  const standIn = new VpnStandIn('gluetun');
  const made = { 'portward.instance': 'test', 'portward.replacement': 'abcdef12/1' };
  const forwarded = forwardedEngine(19_000, 65_290, { id: FORWARDED_ID, labels: made });
  const adopted = plainEngine(19_001, { labels: { stream_id: 'ch-42' } });
  const leaving = plainEngine(19_002);
  const booting = replacement({
    number: 8,
    cause: 'requested',
    old: [],
    made: { id: 'id-19003', name: 'engine-19003' },
    target: target({
      role: 'plain',
      httpPort: 19_003,
      httpsPort: 45_003,
      p2pPort: null,
      callerOptions: { labels: { stream_id: 'ch-43' }, sealedEnv: null },
    }),
  });
  const pending = replacement({
    id: 'replace/test/gluetun/9-abcdef12',
    number: 9,
    cause: 'requested',
    old: [],
    target: target({
      role: 'plain',
      httpPort: 19_004,
      httpsPort: 45_004,
      p2pPort: null,
      callerOptions: { labels: { stream_id: 'ch-44' }, sealedEnv: null },
    }),
  });
  const gone = plainEngine(19_009);
  const left = plainEngine(19_010);
  const old = [engineRef(gone), engineRef(left)];
  const ended = replacement({ number: 7, state: 'completed', old, target: null });
  const engines = [
    ...[condition(FORWARDED_ID, true), condition(adopted.id, false)],
    ...[condition(leaving.id, true), condition(left.id, false)],
  ];
  standIn.answerStatus = async () =>
    vpnStatus({
      engines: [forwarded, adopted],
      evicted: [engineRef(leaving), engineRef(gone), engineRef(left)],
      leftOvers: [{ id: left.id, name: left.name, reason: 'dataset is busy' }],
      replacements: [ended, booting, pending],
      snapshot: snapshot(65_290, { engines }),
    });
  return standIn;
}

const forwardedJson = {
  id: FORWARDED_ID,
  name: 'engine-19000',
  image: 'engine:test',
  created: '2026-01-02T03:04:05.000Z',
  status: 'running',
  labels: {
    'ondemand.app': 'myservice',
    'acestream.vpn_container': 'gluetun',
    'acestream.http_port': '19000',
    'acestream.https_port': '45000',
    'host.http_port': '19000',
    'acestream.forwarded': 'true',
    'acestream.p2p_port': '65290',
    'portward.instance': 'test',
    'portward.replacement': 'abcdef12/1',
  },
  ports: { '19000/tcp': null, '45000/tcp': null, '65290/tcp': null, '65290/udp': null },
};

const PENDING = 'acestream_gluetun_9_1_abcdef12';

/** A VPN whose workflow has answered once, and no longer answers. */
async function silenced(staleLimitMs: number) {
  const standIn = vpn();
  const server = await api([standIn], { reads: { staleLimitMs, lagMs: AT_ONCE } });
  expect((await server.inject('/containers/engine-19000')).headers).not.toHaveProperty('x-portward-stale');
  standIn.fail();
  return { standIn, server };
}

export function containersCases(): void {
  afterEach(closeAll);

  test.each([FORWARDED_ID, 'engine-19000', FORWARDED_ID.slice(0, 12)])('GET /containers/%s', async (id) => {
    const response = await (await api([vpn()])).inject(`/containers/${id}`);
    expect([response.statusCode, response.json()]).toEqual([200, forwardedJson]);
  });

  test.each([
    ['engine-19001', 'a stopped container that Portward did not create', { image: null, status: 'exited' }],
    ['engine-19002', 'an engine that is being released', { status: 'running', created: null }],
    ['engine-19010', 'a container that Docker fails to remove', { status: 'exited' }],
    [
      'engine-19003',
      'an engine that is booting',
      { status: 'created', image: 'engine:test', labels: { stream_id: 'ch-43' } },
    ],
  ])('GET /containers/%s, %s', async (id, _what, expected) => {
    const response = await (await api([vpn()])).inject(`/containers/${id}`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject(expected);
  });

  test('a container that does not exist yet is found by its name, which is its id until then', async () => {
    const response = await (await api([vpn()])).inject(`/containers/${PENDING}`);
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      {
        id: PENDING,
        name: PENDING,
        status: 'created',
        labels: { stream_id: 'ch-44', 'portward.replacement': 'abcdef12/9' },
        ports: { '19004/tcp': null, '45004/tcp': null },
      },
    ]);
  });

  test('a container that does not exist yet can be removed by its name', async () => {
    const standIn = vpn();
    const response = await (await api([standIn])).inject({ method: 'DELETE', url: `/containers/${PENDING}` });
    expect([response.statusCode, response.json()]).toEqual([200, { deleted: PENDING }]);
    expect(standIn.removed).toEqual([PENDING]);
  });

  test.each([PENDING.slice(0, 9), 'other', 'engine-19009', 'id-', '37dde', 'vpn-container', 'gluetun'])(
    'GET and DELETE of %s, which Portward does not manage, are a 404 with error and detail',
    async (id) => {
      const standIn = vpn();
      const server = await api([standIn]);
      for (const method of ['GET', 'DELETE'] as const) {
        const response = await server.inject({ method, url: `/containers/${id}` });
        const expected = { error: 'not found', detail: `Portward manages no container '${id}'` };
        expect([response.statusCode, response.json()]).toEqual([404, expected]);
      }
      expect(standIn.removed).toEqual([]);
    },
  );

  test('the beginning of the ids of two containers finds neither', async () => {
    const standIn = new VpnStandIn('gluetun');
    const engines = [plainEngine(19_000, { id: 'abcdef0' }), plainEngine(19_001, { id: 'abcdef1' })];
    standIn.answerStatus = async () => vpnStatus({ engines });
    const response = await (await api([standIn])).inject({ method: 'DELETE', url: '/containers/abcdef' });
    expect(response.statusCode).toBe(404);
    expect(standIn.removed).toEqual([]);
  });

  describe('while a workflow has never answered', () => {
    test.each([
      ['GET', '/containers/other'],
      ['DELETE', '/containers/other'],
      ['GET', '/by-label?key=a&value=b'],
    ] as const)('%s %s is a 503, because the container may exist on that VPN', async (method, url) => {
      const silent = new VpnStandIn('gluetun2');
      silent.fail();
      const response = await (await api([vpn(), silent])).inject({ method, url });
      expect(response.statusCode).toBe(503);
      expect(detail(response)).toContain('gluetun2');
    });

    test('a container on another VPN is still found', async () => {
      const silent = new VpnStandIn('gluetun2');
      silent.fail();
      const response = await (await api([silent, vpn()])).inject('/containers/engine-19000');
      expect(response.statusCode).toBe(200);
    });
  });

  describe('of a workflow that no longer answers', () => {
    test.each(['/containers/engine-19000', '/by-label?key=stream_id&value=ch-42', '/health/status'])(
      '%s shows the last known state, marked stale',
      async (url) => {
        const { server } = await silenced(30_000);
        const response = await server.inject(url);
        expect([response.statusCode, response.headers['x-portward-stale']]).toEqual([
          200,
          expect.stringMatching(/^\d$/),
        ]);
      },
    );

    test.each(['GET', 'DELETE'] as const)(
      '%s of a container that its last known state lacks is a 503, because the container may exist by now',
      async (method) => {
        const { standIn, server } = await silenced(30_000);
        const response = await server.inject({ method, url: '/containers/other' });
        expect(response.statusCode).toBe(503);
        expect(detail(response)).toContain('gluetun');
        expect(standIn.removed).toEqual([]);
      },
    );

    test.each([
      ['GET', '/containers/engine-19000'],
      ['DELETE', '/containers/engine-19000'],
      ['GET', '/by-label?key=stream_id&value=ch-42'],
      ['GET', '/health/status'],
    ] as const)('%s %s is a 503 once the last known state is older than ENGINES_STALE_LIMIT_S', async (method, url) => {
      // Every state that is not fresh is older than this limit.
      const { standIn, server } = await silenced(-1);
      const response = await server.inject({ method, url });
      expect(response.statusCode).toBe(503);
      expect(detail(response)).toContain('answer');
      expect(standIn.removed).toEqual([]);
    });
  });

  test('a query of the status that is never answered does not hold back readers after the next change', async () => {
    const standIn = vpn();
    const { answerStatus } = standIn;
    const server = await api([standIn]);
    const asked = new Later<void>();
    standIn.answerStatus = () => {
      asked.resolve();
      return new Later<never>().promise;
    };
    void server.inject('/containers/engine-19000');
    await asked.promise;
    standIn.answerStatus = answerStatus;
    standIn.grow();
    const response = await server.inject('/containers/engine-19000');
    expect([response.statusCode, response.headers['x-portward-stale']]).toEqual([200, undefined]);
  });

  test.each([FORWARDED_ID, 'engine-19000', FORWARDED_ID.slice(0, 12)])(
    'DELETE /containers/%s removes that engine on its VPN',
    async (id) => {
      const other = new VpnStandIn('gluetun2');
      other.answerStatus = async () => vpnStatus({ settings: vpnSettings({ vpn: 'gluetun2' }), engines: [] });
      const standIn = vpn();
      const server = await api([other, standIn]);
      const response = await server.inject({ method: 'DELETE', url: `/containers/${id}` });
      expect([response.statusCode, response.json()]).toEqual([200, { deleted: id }]);
      expect([other.removed, standIn.removed]).toEqual([[], [FORWARDED_ID]]);
    },
  );

  test('DELETE of an engine that is being released succeeds without another request', async () => {
    const standIn = vpn();
    const server = await api([standIn]);
    const response = await server.inject({ method: 'DELETE', url: '/containers/engine-19002' });
    expect([response.statusCode, response.json()]).toEqual([200, { deleted: 'engine-19002' }]);
    expect(standIn.removed).toEqual([]);
  });

  test('DELETE removes an engine that is still booting', async () => {
    const standIn = vpn();
    const server = await api([standIn]);
    const response = await server.inject({ method: 'DELETE', url: '/containers/engine-19003' });
    expect([response.statusCode, response.json()]).toEqual([200, { deleted: 'engine-19003' }]);
    expect(standIn.removed).toEqual(['id-19003']);
  });

  test.each([
    [404, new WorkflowUpdateFailedError('Workflow Update failed', new Error('no engine'))],
    [503, new WorkflowUpdateRPCTimeoutOrCancelledError('deadline exceeded')],
    [503, new ServiceError('Workflow Update failed', { cause: new Error('14 UNAVAILABLE') })],
    [503, new WorkflowNotFoundError('not found', 'vpn/test/gluetun', undefined)],
    [500, new TypeError('secret inner state')],
  ])('DELETE is a %i when the update fails with %p', async (status, error) => {
    const standIn = vpn();
    standIn.answerRemove = () => Promise.reject(error);
    const server = await api([standIn]);
    const response = await server.inject({ method: 'DELETE', url: '/containers/engine-19000' });
    expect(response.statusCode).toBe(status);
    expect(detail(response)).not.toContain('secret');
  });

  test.each([
    ['key=stream_id&value=ch-42', ['engine-19001']],
    ['key=stream_id&value=ch-43', ['engine-19003']],
    ['key=stream_id&value=ch-44', []],
    ['key=acestream.forwarded&value=true', ['engine-19000']],
    [
      'key=ondemand.app&value=myservice',
      ['engine-19000', 'engine-19001', 'engine-19002', 'engine-19010', 'engine-19003'],
    ],
    ['key=ondemand.app&value=my', []],
    ['key=constructor&value=x', []],
  ])('GET /by-label?%s', async (query, names) => {
    const response = await (await api([vpn()])).inject(`/by-label?${query}`);
    expect(response.statusCode).toBe(200);
    expect(response.json().map((c: { name: string }) => c.name)).toEqual(names);
  });

  test.each(['', '?key=a', '?value=b', '?key=&value=b', '?key=a&value=b&other=c'])(
    'GET /by-label%s is a 422',
    async (query) => {
      expect((await (await api([vpn()])).inject(`/by-label${query}`)).statusCode).toBe(422);
    },
  );

  test.each([
    ['DELETE', '/containers/engine-19000', 401],
    ['GET', '/by-label?key=a&value=b', 401],
    ['GET', '/containers/engine-19000', 200],
  ] as const)('if a key is set, %s %s without it is a %i', async (method, url, status) => {
    const standIn = vpn();
    const server = await api([standIn], { access: { keys: ['k'] } });
    expect((await server.inject({ method, url })).statusCode).toBe(status);
    expect(standIn.removed).toEqual([]);
  });
}
