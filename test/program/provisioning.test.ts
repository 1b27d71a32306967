import { freePorts } from '../../simulator/free-ports';
import { httpGet } from '../../simulator/http-get';
import type { PortwardProcess } from '../../simulator/portward-process';
import type { ContainerJson, ProvisionedJson, RefusalJson } from '../../src/api/schemas/provisioning';
import type { EngineJson } from '../../src/api/schemas/engines';
import type { OrchestratorStatusJson } from '../../src/api/schemas/status';
import { Planted } from '../security/planted';
import { tracesOf } from '../security/traces';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

// Engines on request, from a client with a proxy's patience, through two API processes beside one worker.

/** A proxy's HTTP client gives up then. */
const PATIENCE_MS = 3_000;
const MAX_REPLICAS = 3;

let stage: Stage;
const secret = new Planted('environment');
const label = new Planted('label');
let otherApi: PortwardProcess;

beforeAll(async () => {
  stage = await Stage.inMemory();
  const vpn = await stage.addVpn();
  await vpn.untilHealth('healthy');
  await stage.startPortward(
    {
      ...NO_PROXY,
      MAX_REPLICAS: String(MAX_REPLICAS),
      MIN_FREE_REPLICAS: '0',
      // Nobody waits between two tries here.
      API_CHANGES_PER_MINUTE: '0',
      ENGINE_GRACE_PERIOD_S: '600',
      VPN_RESTART_ENGINES_ON_RECONNECT: 'false',
    },
    {},
    true,
  );
  const [port = 0] = await freePorts(1);
  otherApi = stage.portward.beside('api', {}, port);
  stage.onClear(() => otherApi.stop());
  await otherApi.start();
  await stage.forwarded(65_290);
  await stage.quiet();
}, 60_000);

afterAll(() => stage?.clear());

/** Rejects when no answer has come within a proxy's patience. */
function provision(body: object, api: PortwardProcess = stage.api): Promise<Response> {
  return fetch(`${api.url}/provision/acestream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

/** Asks again, as proxies do, while it is told to: on a busy machine a container may take longer than they wait. */
async function provisioned(body: object, api?: PortwardProcess): Promise<ProvisionedJson> {
  return until(
    'an engine on request',
    async () => {
      const response = await provision(body, api);
      const answer: unknown = await response.json();
      if (response.status === 200) return answer as ProvisionedJson;
      const { detail } = answer as { detail?: Partial<RefusalJson> };
      if (detail?.can_retry === true && detail.should_wait === true) return null;
      throw new Error(`expected 200, found ${response.status} ${JSON.stringify(answer)}`);
    },
    30_000,
  );
}

async function refusal(body: object): Promise<RefusalJson & { readonly status: number }> {
  const response = await provision(body);
  const { detail } = (await response.json()) as { detail: RefusalJson };
  return { status: response.status, ...detail };
}

async function remove(id: string): Promise<void> {
  const response = await fetch(`${stage.portward.url}/containers/${id}`, { method: 'DELETE' });
  expect([response.status, await response.json()]).toEqual([200, { deleted: id }]);
  await until('the container gone', async () => (await stage.containers()).every((c) => c.id !== id), 30_000);
  await stage.quiet();
}

/** @param id or name, as one is told who asks for an engine whose container is not there yet */
function listed(id: string): Promise<EngineJson> {
  return until(
    `engine ${id} in /engines`,
    async () => (await stage.engines()).find((e) => [e.container_id, e.container_name].includes(id)),
    30_000,
  );
}

async function isAnswering(port: number): Promise<boolean> {
  const url = `http://${stage.vpn().address}:${port}/webui/api/service?method=get_version&format=json`;
  return httpGet(url, { limitMs: 1_000 }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

test('an engine on request answers, and has its labels and environment', async () => {
  const body = { labels: { stream_id: label.value }, env: { EXTRA_TOKEN: secret.value } };
  const asked = performance.now();
  const made = await provisioned(body);
  // An answer after 2 s says that it still boots.
  if (performance.now() - asked > 1_900) await until('its answer', () => isAnswering(made.host_http_port));
  expect(await isAnswering(made.host_http_port)).toBe(true);
  expect(await listed(made.container_id)).toMatchObject({
    container_name: made.container_name,
    port: made.host_http_port,
    forwarded: false,
    labels: { stream_id: label.value, 'acestream.https_port': String(made.container_https_port) },
  });
  const { Config } = await stage.simulation.docker.getContainer(made.container_id).inspect();
  expect(Config.Env).toContain(`EXTRA_TOKEN=${secret.value}`);
});

test('its environment is in Docker and nowhere else that Portward or Temporal write to', async () => {
  const traces = await tracesOf(stage);
  const where = (planted: Planted) => [...traces].filter(([, text]) => planted.isIn(text)).map(([place]) => place);
  // Given in the open, so that it has to be found: else the search would be blind.
  expect(where(label)).toContainEqual(expect.stringMatching(/^workflow replace\//));
  expect(where(secret)).toEqual([expect.stringMatching(/^docker inspect /)]);
});

test('it is found by name and by label, and is gone when it is removed', async () => {
  const query = `/by-label?key=stream_id&value=${encodeURIComponent(label.value)}`;
  const [container] = await stage.get<ContainerJson[]>(query);
  expect(container).toMatchObject({ status: 'running', labels: { stream_id: label.value } });
  expect(await stage.get(`/containers/${container?.name}`)).toEqual(container);
  await remove(container?.id ?? '');
  expect(await stage.get(query)).toEqual([]);
  expect((await fetch(`${stage.portward.url}/containers/${container?.id}`)).status).toBe(404);
});

test('an engine that boots slowly is answered in time, and repeats get that one, through whichever API', async () => {
  const body = { labels: { stream_id: 'slow' }, env: { STARTUP_MS: '4000' } };
  const first = await provisioned(body);
  expect(await isAnswering(first.host_http_port)).toBe(false);
  const repeats = [
    await provisioned(body),
    await provisioned(body, otherApi),
    ...(await Promise.all([provisioned(body), provisioned(body, otherApi)])),
  ];
  for (const repeat of repeats) expect(repeat).toEqual(first);
  expect((await stage.containers()).filter((c) => c.labels['stream_id'] === 'slow')).toHaveLength(1);
  await listed(first.container_id);
  expect(await isAnswering(first.host_http_port)).toBe(true);
  await remove(first.container_id);
});

test('two processes that are asked at the same moment make one engine', async () => {
  const body = { labels: { stream_id: 'both' } };
  const [one, other] = await Promise.all([provisioned(body), provisioned(body, otherApi)]);
  expect(one).toEqual(other);
  expect((await stage.containers()).filter((c) => c.labels['stream_id'] === 'both')).toHaveLength(1);
  await remove(one.container_id);
});

test('beyond MAX_REPLICAS it is refused, as the status says, until there is room', async () => {
  const made: ProvisionedJson[] = [];
  for (let n = 1; n < MAX_REPLICAS; n++) made.push(await provisioned({ labels: { n: String(n) } }));
  expect(new Set(made.map((engine) => engine.container_id)).size).toBe(MAX_REPLICAS - 1);
  await stage.listed(MAX_REPLICAS);
  const refused = await refusal({ labels: { n: 'one too many' } });
  expect(refused).toMatchObject({
    status: 503,
    error: 'provisioning_blocked',
    code: 'max_capacity',
    should_wait: true,
  });
  const { provisioning, capacity } = await stage.get<OrchestratorStatusJson>('/orchestrator/status');
  expect(capacity).toMatchObject({ total: MAX_REPLICAS, max_replicas: MAX_REPLICAS });
  expect(provisioning).toMatchObject({
    can_provision: false,
    blocked_reason_details: { code: 'max_capacity', message: refused.message },
  });
  expect(await stage.containers()).toHaveLength(MAX_REPLICAS);
  await Promise.all(made.map((engine) => remove(engine.container_id)));
  const again = await provisioned({ labels: { n: 'one too many' } });
  await remove(again.container_id);
}, 120_000);

test('while the VPN is down it is refused, as the status says, and afterwards it works again', async () => {
  await stage.vpn().setHealth(false);
  await until('the VPN shown as unhealthy', async () => (await stage.statusOf()).health === 'unhealthy');
  const refused = await refusal({ labels: { stream_id: 'down' } });
  expect(refused).toMatchObject({
    status: 503,
    error: 'provisioning_blocked',
    code: 'vpn_disconnected',
    can_retry: true,
    should_wait: true,
  });
  expect(await stage.get<OrchestratorStatusJson>('/orchestrator/status')).toMatchObject({
    status: 'unavailable',
    vpn: { connected: false },
    provisioning: { can_provision: false, blocked_reason: refused.message },
  });
  await stage.vpn().setHealth(true);
  await stage.forwarded(65_290);
  const made = await until('an engine after the outage', async () => {
    const response = await provision({ labels: { stream_id: 'down' } });
    return response.status === 200 ? ((await response.json()) as ProvisionedJson) : null;
  });
  expect(await listed(made.container_id)).toMatchObject({ labels: { stream_id: 'down' } });
  await remove(made.container_id);
});

test('SIGKILL of the API: the worker works on, and the next API has the list as it is by then', async () => {
  const old = await stage.forwarded(65_290);
  await stage.api.kill('SIGKILL');
  await stage.simulation.docker.getContainer(old.container_id).remove({ force: true });
  const made = await until('an engine in its place', async () => {
    const [engine] = await stage.containers();
    return engine?.running && engine.id !== old.container_id && engine;
  });
  await stage.api.start();
  expect(await stage.listed(1)).toMatchObject([{ container_id: made.id }]);
  await stage.forwarded(65_290);
  await stage.quiet();
});

test('while no worker is there it is refused in time, and afterwards the same request gets one engine', async () => {
  const body = { labels: { stream_id: 'no worker' } };
  await stage.atRest();
  await stage.portward.kill('SIGKILL');
  const inTime = { status: 503, code: 'general_error', can_retry: true, should_wait: true };
  expect(await refusal(body)).toMatchObject(inTime);
  expect(await Promise.all([refusal(body), refusal(body)])).toMatchObject([inTime, inTime]);
  await stage.portward.start();
  const made = await until(
    'an engine when the worker is back',
    async () => {
      const response = await provision(body);
      return response.status === 200 ? ((await response.json()) as ProvisionedJson) : null;
    },
    30_000,
  );
  await listed(made.container_id);
  await stage.quiet();
  expect((await stage.containers()).filter((c) => c.labels['stream_id'] === 'no worker')).toHaveLength(1);
  await remove(made.container_id);
});

test('POST /gc removes an idle engine at once, and keeps the forwarded one', async () => {
  const forwarded = await stage.forwarded(65_290);
  const made = await provisioned({ labels: { stream_id: 'idle' } });
  await listed(made.container_id);
  const response = await fetch(`${stage.portward.url}/gc`, { method: 'POST' });
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  await until('the idle engine gone', async () => (await stage.containers()).length === 1, 30_000);
  expect(await stage.engines()).toEqual([expect.objectContaining({ container_id: forwarded.container_id })]);
  await stage.quiet();
});

test('the forwarded engine that is removed is made anew', async () => {
  const old = await stage.forwarded(65_290);
  await remove(old.container_id);
  const made = await stage.forwarded(65_290);
  expect(made.container_id).not.toBe(old.container_id);
  await stage.quiet();
});
