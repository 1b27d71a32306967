import { engineImage } from '../../simulator/engine-image';
import { until } from '../simulator/until';
import { DockerGate } from '../program/docker-gate';
import { NO_PROXY, Stage } from '../program/stage';
import { ContractClient } from './client';
import { API_KEY } from './proxy-stage';
import * as shape from './shapes';

// Why an engine is refused that a client asks for, at a real Portward with one engine; `changes.test.ts` has the refusals
// of a full pool and of a VPN that is down. The tests follow on one another.

const FORWARDED_PORT = 65_290;

let gate: DockerGate;
const stage = new Stage();
let api: ContractClient;

const REPOSITORY = 'portward-test-refused';
const tag = `${REPOSITORY}:${stage.simulation.runId}`;

/** Engines are made from a tag that somebody updates; those of a bad image start and never answer. */
async function imageIs(what: 'good' | 'bad'): Promise<void> {
  const { docker, runId } = stage.simulation;
  const source = await engineImage(docker, what === 'good' ? {} : { HANG: '1' }, runId);
  await docker.getImage(source).tag({ repo: REPOSITORY, tag: runId });
}

beforeAll(async () => {
  gate = await DockerGate.open();
  stage.onClear(() => gate.shut());
  stage.onClear(() => stage.simulation.docker.getImage(tag).remove({ force: true }));
  await imageIs('good');
  const vpn = await stage.addVpn({ port: FORWARDED_PORT, healthIntervalMs: 500 });
  await vpn.untilHealth('healthy');
  await stage.startPortward({
    ...NO_PROXY,
    API_KEY,
    API_CHANGES_PER_MINUTE: '0',
    DOCKER_HOST: gate.address,
    ENGINE_IMAGE: tag,
    MIN_FREE_REPLICAS: '0',
    MAX_REPLICAS: '4',
    // One that hangs keeps its caller for 3 s in any case.
    STARTUP_TIMEOUT_S: '3',
    CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1',
    CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: '600',
  });
  api = new ContractClient(stage.portward.url);
  await stage.forwarded(FORWARDED_PORT);
  await stage.quiet();
}, 120_000);

afterAll(() => stage.clear());

const provision = (body: object) => api.send('POST /provision/acestream', { body, limitMs: 3_000 });
const refused = (body: object, status = 503) =>
  api.expect('POST /provision/acestream', status, shape.Refusal, { body, limitMs: 3_000 });

/** What a proxy goes by before it asks. */
async function blockedBecause(code: string) {
  const { provisioning } = await until(
    `blocked because of ${code}`,
    async () => {
      const status = await api.expect('GET /orchestrator/status', 200, shape.OrchestratorStatus);
      return status.provisioning.blocked_reason_details?.code === code && status;
    },
    30_000,
  );
  return provisioning;
}

test('a port that is taken is refused with general_error, and waiting does not help', async () => {
  const { port } = await stage.forwarded(FORWARDED_PORT);
  const { detail } = await refused({ host_port: port });
  expect(detail).toMatchObject({
    error: 'provisioning_blocked',
    code: 'general_error',
    can_retry: false,
    should_wait: false,
  });
});

test('one that somebody removes while it boots has failed: 500 provisioning_failed', async () => {
  let attempt = 0;
  // It has to be made, and removed, before the answer that it boots.
  const failed = await until(
    'an engine removed in time',
    async () => {
      const label = `removed-${attempt++}`;
      const answer = provision({ labels: { label }, env: { STARTUP_MS: '60000' } });
      const made = await until('its container', async () =>
        (await stage.containers()).find((c) => c.labels['label'] === label),
      );
      await until('it is removed', async () => (await api.send(`DELETE /containers/${made.name}`)).status === 200);
      return (await answer).status === 500 ? answer : null;
    },
    40_000,
  );
  expect(JSON.parse(failed.body)).toMatchObject({
    detail: { error: 'provisioning_failed', code: 'general_error', can_retry: true, should_wait: false },
  });
  await stage.quiet();
  expect(await stage.containers()).toHaveLength(1);
}, 60_000);

test('while Docker is away it is refused with vpn_error, and the status says so', async () => {
  await gate.shut();
  try {
    const { can_provision, blocked_reason } = await blockedBecause('vpn_error');
    expect([can_provision, blocked_reason]).toEqual([false, expect.stringContaining('Docker')]);
    const { detail } = await refused({});
    expect(detail).toMatchObject({
      error: 'provisioning_blocked',
      code: 'vpn_error',
      can_retry: true,
      should_wait: true,
    });
    expect(detail.recovery_eta_seconds).toBeGreaterThan(0);
  } finally {
    await gate.reopen();
  }
  await until('Docker seen again', async () => (await stage.statusOf()).problem === null, 30_000);
}, 60_000);

test('after engines that never answered it is refused with circuit_breaker, and the status says so', async () => {
  await imageIs('bad');
  expect((await provision({ labels: { never: 'answers' } })).status).toBe(200);
  const { can_provision, circuit_breaker_state } = await blockedBecause('circuit_breaker');
  expect([can_provision, circuit_breaker_state]).toEqual([false, 'open']);
  const { detail } = await refused({ labels: { another: 'one' } });
  expect(detail).toMatchObject({
    error: 'provisioning_blocked',
    code: 'circuit_breaker',
    can_retry: false,
    should_wait: true,
  });
  expect(detail.recovery_eta_seconds).toBeGreaterThan(500);
}, 60_000);
