import { Type, type TSchema } from '@sinclair/typebox';
import { until } from '../simulator/until';
import { FORWARDED_PORT, MAX_REPLICAS, type ContractStage } from './contract-stage';
import { API_KEY, authorization } from './proxy-stage';
import * as shape from './shapes';

const LOCKED = [
  'POST /events/stream_started',
  'POST /events/stream_ended',
  'POST /provision/acestream',
  'POST /scale/2',
  'POST /gc',
  'POST /health/circuit-breaker/reset',
  'DELETE /containers/nobody',
  'GET /by-label?key=a&value=b',
];

/** Tests every read and every refusal of the contract at a real Portward. @param on a stage with two engines */
export function readsAndRefusals(on: () => ContractStage): void {
  const id = (): string => on().engine.container_id;
  const encodedStream = (): string => encodeURIComponent(on().first.id);
  const streamsNow = () => on().api.expect('GET /streams', 200, Type.Array(shape.StreamState), { key: null });

  test('a variable of the old system that has no effect is named in a log line at the start', async () => {
    const line = await on().stage.portward.untilLog(/without effect/);
    expect(line).toMatchObject({ level: 'info', text: expect.stringMatching(/^Set, but without effect: IDLE_TTL_S /) });
  });

  describe('reads, which need no key', () => {
    const reads: [route: string, path: () => string, shape: TSchema][] = [
      ['GET /engines', () => '/engines', Type.Array(shape.Engine, { minItems: 2 })],
      ['GET /engines/{id}', () => `/engines/${id()}`, shape.EngineAnswer],
      ['GET /streams', () => '/streams', Type.Array(shape.StreamState, { minItems: 1 })],
      ['GET /streams?status=started', () => '/streams?status=started', Type.Array(shape.StreamState, { minItems: 1 })],
      ['GET /streams?status=ended', () => '/streams?status=ended', Type.Array(shape.StreamState)],
      [
        'GET /streams?container_id=&status=',
        () => `/streams?container_id=${id()}&status=started`,
        Type.Array(shape.StreamState, { minItems: 1, maxItems: 1 }),
      ],
      ['GET /streams/{id}/stats', () => `/streams/${encodedStream()}/stats`, Type.Array(shape.Sample)],
      ['GET /vpn/status', () => '/vpn/status', shape.VpnStatus],
      ['GET /orchestrator/status', () => '/orchestrator/status', shape.OrchestratorStatus],
      ['GET /health/status', () => '/health/status', shape.HealthStatus],
      ['GET /containers/{id}', () => `/containers/${id()}`, shape.Container],
    ];
    test.each(reads)('%s is 200, exactly of its shape', async (_route, path, answers) => {
      await expect(on().api.expect(`GET ${path()}`, 200, answers, { key: null })).resolves.toBeDefined();
    });

    test('GET /vpn/publicip is 200, exactly of its shape, once the VPN has reported its address', async () => {
      await until(
        'a public address',
        async () => (await on().api.send('GET /vpn/publicip', { key: null })).status === 200,
      );
      expect(await on().api.expect('GET /vpn/publicip', 200, shape.PublicIp)).toEqual({ public_ip: '203.0.113.7' });
    });

    test('GET /engines is sorted by port, and its host is the VPN container', async () => {
      const engines = await on().api.expect('GET /engines', 200, Type.Array(shape.Engine));
      const ports = engines.map(({ port }) => port);
      expect(ports).toEqual(ports.toSorted((a, b) => a - b));
      expect(new Set(engines.map(({ host }) => host))).toEqual(new Set([on().stage.vpn().name]));
    });

    test('GET /vpn/status repeats the first VPN at its top, and has every one in vpns', async () => {
      const { mode, vpn1, vpn2, vpns, ...top } = await on().api.expect('GET /vpn/status', 200, shape.VpnStatus);
      expect({ mode, vpn2, first: vpns[0] }).toEqual({ mode: 'single', vpn2: null, first: vpn1 });
      expect(vpn1).toMatchObject(top);
      expect(top).toMatchObject({ health: 'healthy', connected: true, forwarded_port: FORWARDED_PORT });
    });

    test('the number of engines is the same in every answer', async () => {
      const { engines, capacity } = await on().api.expect('GET /orchestrator/status', 200, shape.OrchestratorStatus);
      const health = await on().api.expect('GET /health/status', 200, shape.HealthStatus);
      expect([engines.total, capacity.total, health.total_engines]).toEqual([2, 2, 2]);
      expect(capacity).toMatchObject({ used: 1, available: 1, max_replicas: MAX_REPLICAS, min_replicas: 2 });
    });

    test('GET /metrics has every name of the contract', async () => {
      const { status, body } = await on().api.send('GET /metrics', { key: null });
      expect(status).toBe(200);
      const names = new Set(body.split('\n').flatMap((line) => /^(\w+)(?=[{ ])/.exec(line)?.[1] ?? []));
      const wanted = [
        ...['healthy_engines', 'unhealthy_engines', 'used_engines', 'extra_engines', 'vpn1_engines', 'vpn2_engines'],
        ...['vpn_health', 'vpn1_health', 'vpn2_health', 'total_streams', 'total_peers'],
        ...['total_upload_speed_mbps', 'total_download_speed_mbps', 'total_uploaded_bytes', 'total_downloaded_bytes'],
        'stale_streams_detected_total',
      ].map((name) => `orch_${name}`);
      expect(wanted.filter((name) => !names.has(name))).toEqual([]);
      const health = body.split('\n').filter((line) => line.startsWith('orch_vpn1_health{'));
      expect(health.filter((line) => line.endsWith(' 1'))).toEqual([expect.stringContaining('"healthy"')]);
      expect(health.length).toBeGreaterThan(1);
    });
  });

  describe('keys', () => {
    test.each(LOCKED)('%s without a key is 401', async (route) => {
      expect(await on().api.expect(route, 401, shape.Failure, { key: null })).toEqual({
        detail: 'missing bearer token',
      });
    });
    test.each(LOCKED)('%s with another scheme is 401', async (route) => {
      const key = `Basic ${API_KEY}`;
      expect(await on().api.expect(route, 401, shape.Failure, { key })).toEqual({ detail: 'missing bearer token' });
    });
    test.each(LOCKED)('%s with a wrong key is 403', async (route) => {
      const key = `${authorization}x`;
      expect(await on().api.expect(route, 403, shape.Failure, { key })).toEqual({ detail: 'invalid token' });
    });
  });

  describe('unknown things', () => {
    test.each(['nobody', '37dde0b9071e269445157389a80d7c8288de9be4a7a885cb7f5ab468247f68a3'])(
      'the engine %s is 404, with error and detail',
      async (name) => {
        await expect(on().api.expect(`GET /engines/${name}`, 404, shape.NotFound)).resolves.toBeDefined();
      },
    );

    test.each(['GET /containers/nobody', 'DELETE /containers/nobody'])('%s is 404', async (route) => {
      await expect(on().api.expect(route, 404, shape.Missing)).resolves.toBeDefined();
    });

    test("GET and DELETE of a container that is not Portward's are 404, and it runs on", async () => {
      const { containerId } = on().stage.vpn();
      await on().api.expect(`GET /containers/${containerId}`, 404, shape.Missing);
      await on().api.expect(`DELETE /containers/${containerId}`, 404, shape.Missing);
      const { State } = await on().stage.simulation.docker.getContainer(containerId).inspect();
      expect(State.Running).toBe(true);
    });

    test('the end of an unknown stream is 404', async () => {
      const body = { stream_id: 'nobody|0' };
      await expect(on().api.expect('POST /events/stream_ended', 404, shape.Missing, { body })).resolves.toBeDefined();
    });

    test('a stream on an unknown engine is 404, and is not kept', async () => {
      const before = await streamsNow();
      const body = {
        ...on().first.report,
        engine: { host: on().stage.vpn().name, port: 1 },
        labels: { stream_id: 'lost|1' },
      };
      await on().api.expect('POST /events/stream_started', 404, shape.Missing, { body });
      expect((await streamsNow()).map((s) => s.id)).toEqual(before.map((s) => s.id));
    });

    test('an unknown container has no streams', async () => {
      expect(await on().api.expect('GET /streams?container_id=nobody', 200, Type.Array(shape.StreamState))).toEqual([]);
    });

    test.each(['GET /nowhere', 'POST /engines/nobody/none', 'POST /provision'])(
      '%s is no route: 404',
      async (route) => {
        await expect(on().api.expect(route, 404, shape.Missing)).resolves.toBeDefined();
      },
    );
  });

  const withEngine = (change: object) => ({ ...on().first.report, engine: { ...on().first.report.engine, ...change } });
  const withStream = (change: object) => ({ ...on().first.report, stream: { ...on().first.report.stream, ...change } });
  const withSession = (change: object) => ({
    ...on().first.report,
    session: { ...on().first.report.session, ...change },
  });

  describe('malformed events are 422, say what is wrong, and change nothing', () => {
    const wrong: [what: string, path: string, body: () => object | string, said: RegExp][] = [
      ['no engine', 'stream_started', () => ({ ...on().first.report, engine: undefined }), /engine/],
      ['a port that is no number', 'stream_started', () => withEngine({ port: 'x' }), /port/],
      ['a port beyond 65535', 'stream_started', () => withEngine({ port: 70_000 }), /port/],
      ['a kind of key that is none', 'stream_started', () => withStream({ key_type: 'isbn' }), /key_type/],
      ['no key', 'stream_started', () => withStream({ key: undefined }), /key/],
      ['no session', 'stream_started', () => ({ ...on().first.report, session: null }), /session/],
      ['is_live that is text', 'stream_started', () => withSession({ is_live: 'yes' }), /is_live/],
      [
        'a label that is a list',
        'stream_started',
        () => ({ ...on().first.report, labels: { stream_id: [] } }),
        /labels/,
      ],
      ['a list', 'stream_started', () => [], /body/],
      ['a text', 'stream_started', () => '"text"', /body/],
      ['neither stream nor container', 'stream_ended', () => ({}), /stream_id/],
      ['a stream that is a number', 'stream_ended', () => ({ stream_id: 5 }), /stream_id/],
      ['a reason that is a list', 'stream_ended', () => ({ stream_id: on().first.id, reason: [] }), /reason/],
    ];
    test.each(wrong)('%s to %s', async (_what, path, body, said) => {
      const before = await streamsNow();
      const { detail } = await on().api.expect(`POST /events/${path}`, 422, shape.Failure, { body: body() });
      expect(detail).toMatch(said);
      const facts = (all: typeof before) => all.map((s) => [s.id, s.status, s.ended_at]);
      expect(facts(await streamsNow())).toEqual(facts(before));
    });

    test('a body that is not JSON is 400', async () => {
      await expect(
        on().api.expect('POST /events/stream_started', 400, shape.Failure, { body: '{' }),
      ).resolves.toBeDefined();
    });
  });
}
