import { Type } from '@sinclair/typebox';
import { decoded } from '../../simulator/proxy-client-shapes';
import { LABEL_BYTES_AT_MOST, labelBytes } from '../../src/domain/labels';
import { until } from '../simulator/until';
import { FORWARDED_PORT, MAX_REPLICAS, startContractStage, type ContractStage } from './contract-stage';
import { readsAndRefusals } from './reads-and-refusals';
import * as shape from './shapes';
import { playOn } from './stream-reports';

// The contract at a real Portward: every read and every refusal, then every route that changes something. Each test builds on the ones
// before it.

let on: ContractStage;

beforeAll(async () => {
  on = await startContractStage();
}, 120_000);

afterAll(() => on?.stage.clear());

const id = (): string => on.engine.container_id;
const streamsNow = () => on.api.expect('GET /streams', 200, Type.Array(shape.StreamState), { key: null });

readsAndRefusals(() => on);

describe('streams', () => {
  test('a stream is shown as it was reported, also on its engine', async () => {
    const streams = await streamsNow();
    expect(streams.find((s) => s.id === on.first.id)).toMatchObject({
      key_type: 'infohash',
      key: 'first',
      // The engine's id, not the one that the proxy has sent.
      container_id: id(),
      playback_session_id: on.first.playback.session.playback_session_id,
      stat_url: on.first.playback.session.stat_url,
      command_url: on.first.playback.session.command_url,
      is_live: true,
      status: 'started',
      ended_at: null,
    });
    const shown = await until('the stream on its engine', async () => {
      const answer = await on.api.expect(`GET /engines/${id()}`, 200, shape.EngineAnswer);
      return answer.engine.streams.includes(on.first.id) && answer;
    });
    expect(shown.streams.map((s) => s.id)).toContain(on.first.id);
    expect(Date.parse(shown.engine.last_stream_usage ?? '')).toBeGreaterThan(0);
  });

  test('without a label the id is the key and the playback session', async () => {
    const other = await playOn(on.stage.vpn().address, on.engine, 'unlabelled');
    const { labels: _, container_id: __, ...body } = other.report;
    const begun = await on.api.expect('POST /events/stream_started', 200, shape.StreamState, { body });
    expect(begun.id).toBe(`unlabelled|${other.playback.session.playback_session_id}`);
    await other.playback.stop();
    const ended = await on.api.expect('POST /events/stream_ended', 200, shape.StreamEnded, {
      body: { stream_id: begun.id, reason: 'over' },
    });
    expect(ended).toMatchObject({ updated: true, stream: { id: begun.id, status: 'ended' } });
    expect(Date.parse(ended.stream.ended_at ?? '')).toBeGreaterThanOrEqual(Date.parse(begun.started_at));
  });

  test('a repeated start is the same stream, a repeated end updates nothing, and a late start does not revive it', async () => {
    const other = await playOn(on.stage.vpn().address, on.engine, 'repeated');
    const started = () => on.api.expect('POST /events/stream_started', 200, shape.StreamState, { body: other.report });
    const ended = (body: object) => on.api.expect('POST /events/stream_ended', 200, shape.StreamEnded, { body });
    const first = await started();
    expect((await started()).started_at).toBe(first.started_at);
    await other.playback.stop();
    const end = await ended({ container_id: 'the-proxy-itself', stream_id: first.id });
    expect(end.updated).toBe(true);
    expect(await ended({ stream_id: first.id })).toEqual({ updated: false, stream: end.stream });
    expect(await started()).toMatchObject({ status: 'ended', ended_at: end.stream.ended_at });
    expect((await streamsNow()).filter((s) => s.id === first.id)).toHaveLength(1);
  });
});

describe('engines on request', () => {
  /** As many bytes of labels as are permitted. */
  const labels = { contract: 'yes', note: 'x'.repeat(LABEL_BYTES_AT_MOST - labelBytes({ contract: 'yes', note: '' })) };
  let made: { readonly container_id: string; readonly host_http_port: number; readonly container_name: string };

  test('POST /scale sets how many engines there are', async () => {
    expect(await on.api.expect('POST /scale/3', 200, shape.Scaled)).toEqual({ scaled_to: 3 });
    expect(await on.stage.listed(3)).toHaveLength(3);
  });

  test('POST /provision/acestream is exactly 200 before a proxy gives up, and the engine answers', async () => {
    const body = { labels, env: { EXTRA: '1' } };
    made = await on.api.expect('POST /provision/acestream', 200, shape.Provisioned, { body, limitMs: 3_000 });
    await on.stage.listed(4);
    const answered = await on.api.expect(`GET /engines/${made.container_id}`, 200, shape.EngineAnswer);
    const { host_http_port: port, container_name } = made;
    expect(answered.engine).toMatchObject({ port, container_name, labels });
    const played = await playOn(on.stage.vpn().address, { host: '', port: made.host_http_port }, 'on-request');
    expect(played.playback.bytes).toBeGreaterThan(0);
    await played.playback.stop();
  });

  test('GET /by-label finds the engine, with all given labels and without portward.spec', async () => {
    const found = await on.api.expect('GET /by-label?key=contract&value=yes', 200, Type.Array(shape.Container));
    expect(found).toMatchObject([{ name: made.container_name, labels }]);
    expect(found[0]?.labels).not.toHaveProperty(['portward.spec']);
    // By name, since the answer has the name as its id if there was no container yet.
    expect(await on.api.expect(`GET /containers/${made.container_name}`, 200, shape.Container)).toEqual(found[0]);
    expect(await on.api.expect('GET /by-label?key=contract&value=no', 200, Type.Array(shape.Container))).toEqual([]);
  });

  test('at the maximum a further engine is refused with max_capacity, and the status says why', async () => {
    const body = { labels: { contract: 'too many' } };
    const { detail } = await on.api.expect('POST /provision/acestream', 503, shape.Refusal, { body });
    expect(detail).toMatchObject({ error: 'provisioning_blocked', code: 'max_capacity' });
    // For a moment a request for any engine could still get the engine that `scale` has just brought up.
    const { provisioning } = await until('a status that says so', async () => {
      const status = await on.api.expect('GET /orchestrator/status', 200, shape.OrchestratorStatus);
      return !status.provisioning.can_provision && status;
    });
    expect(provisioning.blocked_reason_details?.code).toBe('max_capacity');
    expect(provisioning.blocked_reason).not.toBeNull();
  });

  test('POST /scale beyond the maximum is refused with max_capacity, and nothing is changed', async () => {
    const { detail } = await on.api.expect(`POST /scale/${MAX_REPLICAS + 1}`, 503, shape.Refusal);
    expect(detail).toMatchObject({ error: 'provisioning_blocked', code: 'max_capacity' });
    expect(await on.stage.engines()).toHaveLength(4);
  });

  test.each(['POST /scale/many', 'POST /scale/-1', 'POST /scale/1.5'])('%s is 422', async (route) => {
    await expect(on.api.expect(route, 422, shape.Failure)).resolves.toBeDefined();
  });

  test.each([
    ['labels that are a list', { labels: [] }, /labels/],
    ['labels that are too long', { labels: { note: 'x'.repeat(LABEL_BYTES_AT_MOST) } }, /labels: expected at most/],
    ['environment that is no text', { env: { A: [] } }, /env/],
    ['a port that is no number', { host_port: 'any' }, /host_port/],
  ])('%s are 422', async (_what, body, said) => {
    const { detail } = await on.api.expect('POST /provision/acestream', 422, shape.Failure, { body });
    expect(detail).toMatch(said);
  });

  test('DELETE /containers/{id} removes the engine', async () => {
    const path = `/containers/${made.container_id}`;
    expect(await on.api.expect(`DELETE ${path}`, 200, shape.Deleted)).toEqual({ deleted: made.container_id });
    await until('the engine hidden', async () => {
      const engines = await on.stage.engines();
      return engines.every((e) => e.container_id !== made.container_id);
    });
    await until('the container gone', async () => (await on.api.send(`GET ${path}`)).status === 404, 40_000);
    const containers = await on.stage.containers();
    expect(containers.map((c) => c.id)).not.toContain(made.container_id);
  });

  test('DELETE /containers/{id} removes an engine that is still booting, which is never listed', async () => {
    const body = { labels: { contract: 'booting' }, env: { STARTUP_MS: '6000' } };
    const { container_id } = await on.api.expect('POST /provision/acestream', 200, shape.Provisioned, { body });
    expect((await on.stage.engines()).map((e) => e.container_id)).not.toContain(container_id);
    const path = `/containers/${container_id}`;
    expect(await on.api.expect(`DELETE ${path}`, 200, shape.Deleted)).toEqual({ deleted: container_id });
    await until('the container gone', async () => (await on.api.send(`GET ${path}`)).status === 404, 40_000);
    const query = 'GET /by-label?key=contract&value=booting';
    expect(await on.api.expect(query, 200, Type.Array(shape.Container))).toEqual([]);
    expect((await on.stage.containers()).map((c) => c.labels['contract'])).not.toContain('booting');
    await on.stage.quiet();
  });

  test('an engine that somebody removes while it boots has failed: 500 provisioning_failed', async () => {
    let attempt = 0;
    // The engine has to be made and removed before the request is answered with 'still booting'.
    const failed = await until('an engine removed in time', async () => {
      const contract = `removed-${attempt++}`;
      const answer = on.api.send('POST /provision/acestream', {
        body: { labels: { contract }, env: { STARTUP_MS: '60000' } },
      });
      const boots = await until('its container', async () =>
        (await on.stage.containers()).find((c) => c.labels['contract'] === contract),
      );
      await until('it is removed', async () => (await on.api.send(`DELETE /containers/${boots.name}`)).status === 200);
      return (await answer).status === 500 ? answer : null;
    });
    expect(JSON.parse(failed.body)).toMatchObject({
      detail: { error: 'provisioning_failed', code: 'general_error', can_retry: true, should_wait: false },
    });
    await on.stage.quiet();
    expect(await on.stage.containers()).toHaveLength(3);
  });

  test('a port that is taken is refused with general_error, and waiting does not help', async () => {
    const body = { host_port: on.engine.port };
    const { detail } = await on.api.expect('POST /provision/acestream', 503, shape.Refusal, { body });
    const wanted = { error: 'provisioning_blocked', code: 'general_error', can_retry: false, should_wait: false };
    expect(detail).toMatchObject(wanted);
  });

  test('POST /gc removes surplus idle engines, but never one with a stream and never the forwarded one', async () => {
    expect(await on.api.expect('POST /scale/2', 200, shape.Scaled)).toEqual({ scaled_to: 2 });
    expect(await on.api.expect('POST /gc', 200, shape.Collected)).toEqual({ status: 'ok' });
    expect((await on.stage.listed(2)).map((e) => e.container_id)).toContain(id());
  });

  test.each(['', '?operation_type=general', '?operation_type=replacement'])(
    'POST /health/circuit-breaker/reset%s is 200',
    async (query) => {
      const route = `POST /health/circuit-breaker/reset${query}`;
      await expect(on.api.expect(route, 200, shape.Message)).resolves.toBeDefined();
    },
  );

  test('an unknown operation is 422', async () => {
    const route = 'POST /health/circuit-breaker/reset?operation_type=none';
    await expect(on.api.expect(route, 422, shape.Failure)).resolves.toBeDefined();
  });
});

test('a forwarded engine that was removed is made anew', async () => {
  expect(await on.api.expect(`DELETE /containers/${id()}`, 200, shape.Deleted)).toEqual({ deleted: id() });
  await until('its container gone', async () => (await on.stage.containers()).every((c) => c.id !== id()));
  expect((await on.stage.forwarded(FORWARDED_PORT)).container_id).not.toBe(id());
  await on.stage.quiet();
});

test('while the VPN is down a request for an engine is refused with vpn_disconnected, as the status says, and afterwards it works again', async () => {
  await on.stage.vpn().setHealth(false);
  await until('the VPN shown as unhealthy', async () => (await on.stage.statusOf()).health === 'unhealthy');
  const { detail } = await on.api.expect('POST /provision/acestream', 503, shape.Refusal, { body: {} });
  expect(detail).toMatchObject({
    error: 'provisioning_blocked',
    code: 'vpn_disconnected',
    can_retry: true,
    should_wait: true,
  });
  expect(await on.api.expect('GET /orchestrator/status', 200, shape.OrchestratorStatus)).toMatchObject({
    status: 'unavailable',
    vpn: { connected: false },
    provisioning: {
      can_provision: false,
      blocked_reason: detail.message,
      blocked_reason_details: { should_wait: true },
    },
  });
  // The API may still serve the former list for a moment.
  await until('no engine listed', async () => {
    const engines = await on.api.expect('GET /engines', 200, Type.Array(shape.Engine));
    return engines.length === 0;
  });
  await on.stage.vpn().setHealth(true);
  await on.stage.forwarded(FORWARDED_PORT);
  const made = await until('an engine after the outage', async () => {
    const body = { labels: { contract: 'after the outage' } };
    const { status, body: answer } = await on.api.send('POST /provision/acestream', { body });
    return status === 200 && decoded(shape.Provisioned, answer);
  });
  await until('the engine listed', async () =>
    (await on.stage.engines()).some((e) => [e.container_id, e.container_name].includes(made.container_id)),
  );
});
