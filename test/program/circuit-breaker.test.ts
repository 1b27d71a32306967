import type { RefusalJson } from '../../src/api/schemas/provisioning';
import type { BreakerJson } from '../../src/api/schemas/engines';
import type { OrchestratorStatusJson } from '../../src/api/schemas/status';
import { engineImage } from '../../simulator/engine-image';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

// Portward pauses when engines fail to come up. The tests change the image behind the engines' tag, as an update would: a good image, one
// whose engines never answer, and one whose engines end at once.

const REPOSITORY = 'portward-test-breaker';

let stage: Stage;
let tag: string;

async function imageIs(what: 'good' | 'bad' | 'crashing'): Promise<void> {
  const { docker, runId } = stage.simulation;
  const env = { good: {}, bad: { HANG: '1' }, crashing: { EXIT_CODE: '7' } };
  const source = await engineImage(docker, env[what], runId);
  await docker.getImage(source).tag({ repo: REPOSITORY, tag: runId });
}

beforeAll(async () => {
  stage = await Stage.inMemory();
  tag = `${REPOSITORY}:${stage.simulation.runId}`;
  stage.onClear(() => stage.simulation.docker.getImage(tag).remove({ force: true }));
  await imageIs('bad');
  const vpn = await stage.addVpn();
  await vpn.untilHealth('healthy');
  await stage.startPortward({
    ...NO_PROXY,
    ENGINE_IMAGE: tag,
    // A check of an engine that hangs takes 3 s in any case, and a good engine needs a second on a busy machine.
    STARTUP_TIMEOUT_S: '3',
    MIN_REPLICAS: '3',
    CIRCUIT_BREAKER_FAILURE_THRESHOLD: '2',
    CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: '600',
    CIRCUIT_BREAKER_REPLACEMENT_THRESHOLD: '2',
    CIRCUIT_BREAKER_REPLACEMENT_TIMEOUT_S: '600',
  });
}, 60_000);

afterAll(() => stage?.clear());

async function breaker(kind: 'general' | 'replacement'): Promise<BreakerJson | undefined> {
  return (await stage.statusOf()).circuit_breakers?.[kind];
}

function isOpen(kind: 'general' | 'replacement', failures: number): Promise<BreakerJson> {
  return until(
    `the ${kind} breaker open after ${failures} failures`,
    async () => {
      const found = await breaker(kind);
      return found?.state === 'open' && found.failure_count >= failures ? found : null;
    },
    40_000,
  );
}

async function reset(kind: 'general' | 'replacement'): Promise<void> {
  const url = `${stage.portward.url}/health/circuit-breaker/reset?operation_type=${kind}`;
  const response = await fetch(url, { method: 'POST' });
  expect([response.status, await response.json()]).toEqual([200, { message: `circuit breaker for ${kind} reset` }]);
}

/** Forces a replacement of the plain engine, which then fails. */
async function losePlainEngine(): Promise<void> {
  const plain = (await stage.listed(3)).find((e) => !e.forwarded);
  const response = await stage.replace({ engine: plain?.container_name });
  expect(response.status).toBe(202);
}

test('first engines that never answer open a circuit breaker: a request for an engine is refused, and after a reset engines come up', async () => {
  expect(await isOpen('general', 2)).toMatchObject({
    failure_threshold: 2,
    recovery_timeout: 600,
    last_success_time: null,
  });
  await stage.portward.untilLog(/Circuit breaker \(general\) open: 2 engines in a row could not be brought up/);
  expect(await breaker('replacement')).toMatchObject({ state: 'closed', failure_count: 0 });
  const { provisioning } = await stage.get<OrchestratorStatusJson>('/orchestrator/status');
  const refused = await stage.provision({ labels: { another: 'one' } });
  const { detail } = (await refused.json()) as { detail: RefusalJson };
  expect([refused.status, detail]).toMatchObject([
    503,
    { error: 'provisioning_blocked', code: 'circuit_breaker', can_retry: false, should_wait: true },
  ]);
  expect(detail.recovery_eta_seconds).toBeGreaterThan(500);
  expect(provisioning).toMatchObject({
    ...{ can_provision: false, circuit_breaker_state: 'open' },
    blocked_reason_details: { code: 'circuit_breaker' },
  });
  await until('no container made while it is open', async () => (await stage.containers()).length === 0);
  expect(await stage.engines()).toEqual([]);
  await imageIs('good');
  await reset('general');
  await stage.forwarded(65_290);
  await stage.listed(3);
  await stage.quiet();
  expect(await breaker('general')).toMatchObject({ state: 'closed', failure_count: 0 });
});

test('an engine that ends at once shows its exit code and last line; while its breaker is open a forced replacement is refused, and a port change is handled as usual', async () => {
  const old = await stage.forwarded(65_290);
  // An engine of this image ends at once, and Docker starts it again and again and calls it running.
  await imageIs('crashing');
  await losePlainEngine();
  const why = /exit code 7; its last line of output: "simulated engine gives up"/;
  await until('its exit code and last line as the problem', async () =>
    why.test((await stage.statusOf()).problem ?? ''),
  );
  await isOpen('replacement', 2);
  expect((await stage.replacements())[0]?.last_error).toMatch(why);
  expect(await breaker('general')).toMatchObject({ state: 'closed' });

  await imageIs('good');
  await stage.vpn().changePort(40_648);
  await stage.forwarded(40_648);
  const other = (await stage.listed(2)).find((e) => !e.forwarded);
  const refused = await stage.replace({ engine: other?.container_name });
  expect(refused.status).toBe(409);
  expect(await refused.json()).toEqual({
    detail: expect.stringMatching(
      /circuit breaker of VPN .* is open after \d+ engines in a row that could not be brought up/,
    ),
  });
  expect((await stage.engines()).map((e) => e.container_id)).toContain(other?.container_id);

  await reset('replacement');
  await stage.listed(3);
  await stage.quiet();
  expect((await stage.containers()).map((c) => c.id)).not.toContain(old.container_id);
});
