// Plants secrets that can be recognised, lets everything go wrong, and looks for them wherever something is written.
import { join } from 'node:path';
import type { ProvisionedJson } from '../../src/api/provisioning-schemas';
import { DockerGate } from '../program/docker-gate';
import { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { everyGet } from './every-get';
import { Planted } from './planted';
import { tracesOf, type Traces } from './traces';

const names = [
  'API_KEY',
  'API_KEY_2',
  'PORTWARD_SECRET_KEY',
  'GLUETUN_API_KEY_1',
  'GLUETUN_USER_2',
  'GLUETUN_PASSWORD_2',
  'TEMPORAL_API_KEY',
  'NOTIFY_URL',
  'NOTIFY_SECRET',
];
const secrets = new Map(names.map((name) => [name, new Planted(name)]));
const valueOf = (name: string) => secrets.get(name)?.value ?? '';
/** What a caller gives an engine, which Docker has to be told. */
const environment = new Planted('environment');
/** Given in the open, so that it has to be found: else the search would be blind. */
const open = new Planted('reason');

let stage: Stage;
let gate: DockerGate;
const answers: string[] = [];
let reads: readonly string[] = [];
const traces: Traces = new Map();

const keyed = () => ({ authorization: `Bearer ${valueOf('API_KEY')}` });

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${stage.portward.url}${path}`, init);
  answers.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.clone().text()}`);
  return response;
}

/** The first of what comes in an answer that has no end. */
async function askForEvents(path: string): Promise<void> {
  const decoder = new TextDecoder();
  let heard = '';
  try {
    const response = await fetch(`${stage.portward.url}${path}`, { signal: AbortSignal.timeout(2_000) });
    heard = `${response.status} ${JSON.stringify([...response.headers])}`;
    for await (const bytes of response.body ?? []) {
      heard += decoder.decode(bytes as Uint8Array, { stream: true });
      if (heard.includes('data: ')) break;
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'TimeoutError')) throw error;
  }
  answers.push(heard);
}

async function askEverything(): Promise<void> {
  const vpns = stage.vpns.map((vpn) => vpn.name);
  const engine = provisioned[0]?.container_id ?? 'none';
  const values = {
    name: vpns[0] ?? '',
    id: engine,
    '/streams/{id}/stats id': 'planted|1',
    key: 'stream_id',
    value: open.value,
  };
  reads = await everyGet(stage.portward.url, values);
  await Promise.all(
    [...reads, '/nothing', `/vpns/${vpns[1]}/replacements`].map((path) =>
      path === '/events/stream' ? askForEvents(path) : ask(path, { headers: keyed() }),
    ),
  );
  const post = `/vpns/${vpns[0]}/replacements`;
  for (const token of [
    undefined,
    'wrong',
    `${valueOf('API_KEY')}x`,
    valueOf('API_KEY').slice(1),
    valueOf('GLUETUN_API_KEY_1'),
  ]) {
    await ask(post, { method: 'POST', headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  }
  await ask(`${post}?key=${encodeURIComponent(valueOf('API_KEY'))}`, { method: 'POST' });
}

const provisioned: ProvisionedJson[] = [];

function provision(body: object, headers: Record<string, string> = keyed()): Promise<Response> {
  const json = { ...headers, 'content-type': 'application/json' };
  return ask('/provision/acestream', { method: 'POST', headers: json, body: JSON.stringify(body) });
}

/** An engine whose environment is secret, one that Docker refuses at first, and orders that are refused, in each way. */
async function provisioning(): Promise<void> {
  const order = (label: string) => ({ env: { TOKEN: environment.value }, labels: { stream_id: label } });
  const brought = (label: string) =>
    until(`engine ${label}`, async () => {
      const answer = await provision(order(label));
      if (answer.status === 200) provisioned.push((await answer.json()) as ProvisionedJson);
      return answer.status === 200;
    });
  await brought(open.value);

  gate.rule = (method, path) =>
    method === 'POST' && path.startsWith('/containers/create') ? { status: 500, message: 'no space left' } : null;
  await provision(order('refused by Docker'));
  await stage.portward.untilLog(/provisioning failed.*no space left/);
  await askEverything();
  gate.rule = () => null;
  await brought('refused by Docker');

  const wrong = [
    { env: { 'NOT A NAME': environment.value } },
    { env: { TOKEN: [environment.value] } },
    { env: { TOKEN: `${environment.value}\u0000` } },
    { env: { TOKEN: environment.value.repeat(10_000) } },
    { ...order('wrong'), host_port: 'none' },
    { ...order('wrong'), unknown: environment.value },
    { ...order('wrong'), labels: { 'acestream.forwarded': 'true' } },
  ];
  const statuses: number[] = [];
  for (const body of wrong) statuses.push((await provision(body)).status);
  expect(new Set(statuses)).toEqual(new Set([413, 422]));
  expect((await provision(order('nobody'), {})).status).toBe(401);
  const cut = { method: 'POST', headers: { ...keyed(), 'content-type': 'application/json' } };
  await ask('/provision/acestream', { ...cut, body: JSON.stringify(order('cut')).slice(0, -1) });
}

/** Resolves when every VPN says such a thing about its port. */
function untilProblem(pattern: RegExp): Promise<unknown> {
  return until(
    `a problem with the port like ${String(pattern)}`,
    async () => {
      const { vpns } = (await (await ask('/vpn/status')).json()) as { vpns: { port_problem: string | null }[] };
      return vpns.every(({ port_problem }) => pattern.test(port_problem ?? ''));
    },
    40_000,
  );
}

async function faults(): Promise<void> {
  for (const [fault, problem] of [
    [{ kind: 'echo' }, /\*\*\*/],
    [{ kind: '401' }, /refuses access/],
    [{ kind: '301', location: 'http://elsewhere.example/' }, /redirects to another host/],
    [{ kind: '500' }, /answers 500/],
    [{ kind: 'hang' }, /gave no answer/],
  ] as const) {
    for (const vpn of stage.vpns) await vpn.setFault(fault);
    await untilProblem(problem);
    await askEverything();
  }
  for (const vpn of stage.vpns) await vpn.setFault(null);
}

async function dockerAway(): Promise<void> {
  await gate.shut();
  await until(
    'Docker is missed',
    async () => /Docker is not reachable/.test(await (await ask('/vpn/status')).text()),
    40_000,
  );
  await askEverything();
  const refused = await provision({ env: { TOKEN: environment.value }, labels: { stream_id: 'without Docker' } });
  expect(refused.status).toBe(503);
  await gate.reopen();
  await until(
    'Docker is back',
    async () => !/Docker is not reachable/.test(await (await ask('/vpn/status')).text()),
    40_000,
  );
}

/** A key for a Temporal server that speaks no TLS, first with TLS, as a key turns it on, which fails, then without. */
async function temporalKey(): Promise<void> {
  const { portward } = stage;
  const cloud = { TEMPORAL_ADDRESS: portward.temporalAddress, TEMPORAL_API_KEY: valueOf('TEMPORAL_API_KEY') };
  await portward.kill('SIGKILL');
  portward.reconfigure(cloud);
  await portward.start();
  await portward.untilLog(/Temporal at .* is not reachable/);
  await askEverything();
  await portward.kill('SIGKILL');
  portward.reconfigure({ TEMPORAL_TLS: 'false' });
  await portward.start();
  await stage.forwarded(65_290);
  await askEverything();
  await portward.kill('SIGKILL');
}

async function wrongConfiguration(): Promise<void> {
  const { portward } = stage;
  portward.reconfigure({ EVICTION_GRACE_S: '1', GLUETUN_USER_1: valueOf('GLUETUN_USER_2') });
  await expect(portward.start()).rejects.toThrow(/Configuration is wrong/);
  answers.push(portward.lastLines());
  portward.reconfigure({
    EVICTION_GRACE_S: '3',
    GLUETUN_USER_1: '',
    TEMPORAL_ADDRESS: '',
    TEMPORAL_API_KEY: '',
    TEMPORAL_TLS: '',
  });
}

beforeAll(async () => {
  gate = await DockerGate.open();
  const [key, user, password] = ['GLUETUN_API_KEY_1', 'GLUETUN_USER_2', 'GLUETUN_PASSWORD_2'].map(valueOf);
  stage = await Stage.start({
    vpns: [
      { auth: { mode: 'apikey', key: key ?? '' } },
      { auth: { mode: 'basic', user: user ?? '', password: password ?? '' }, port: 51_413 },
    ],
    env: {
      ...Object.fromEntries(names.filter((name) => !name.startsWith('TEMPORAL_')).map((name) => [name, valueOf(name)])),
      // Nobody listens there, so that every attempt fails.
      NOTIFY_URL: `http://127.0.0.1:9/${encodeURIComponent(valueOf('NOTIFY_URL'))}`,
      DOCKER_HOST: gate.address,
      CONTAINER_REACH: 'network',
      DEBUG_MODE: 'true',
      DEBUG_LOG_DIR: 'debug',
      GLUETUN_TIMEOUT_S: '1',
      API_WRONG_KEYS_PER_MINUTE: '3',
      PORT_LOST_TIMEOUT_S: '0',
      // The engines on request stay until the end.
      ENGINE_GRACE_PERIOD_S: '600',
      API_CHANGES_PER_MINUTE: '0',
    },
  });
  // The credentials are in use: without them no port would be known.
  await stage.forwarded(65_290);
  await stage.forwarded(51_413, stage.vpn(1));
  const authorization = `Bearer ${valueOf('API_KEY_2')}`;
  const post = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
  const replaced = await ask(`/vpns/${stage.vpn().name}/replacements`, {
    ...post,
    body: JSON.stringify({ reason: open.value }),
  });
  expect(replaced.status).toBe(202);
  await stage.quiet();
  await provisioning();
  await faults();
  await dockerAway();
  await temporalKey();
  await wrongConfiguration();
  await stage.portward.start();
  await stage.forwarded(65_290, stage.vpn(), 60_000);
  await stage.quiet();
  answers.push(await stage.portward.command('status'));
  answers.push(await stage.portward.command('replace', stage.vpn().name, '--reason', open.value));
  await stage.quiet();
  await askEverything();
  for (const [where, text] of await tracesOf(stage)) traces.set(where, text);
  traces.set('answers', answers.join('\n'));
}, 400_000);

afterAll(async () => {
  await stage?.clear();
  await gate?.shut();
});

test('what was given in the open is found in every kind of place that may show it', () => {
  const found = [...traces].filter(([, text]) => open.isIn(text)).map(([where]) => where);
  for (const kind of [
    /^answers$/,
    /^log$|^file debug/,
    new RegExp(`^workflow vpn/`),
    new RegExp(`^workflow replace/`),
    new RegExp(`^file ${join('data', 'temporal.db')}`),
  ]) {
    expect(found).toContainEqual(expect.stringMatching(kind));
  }
});

test('places are looked at in every way that was meant', () => {
  const places = [...traces.keys()].join('\n');
  for (const kind of [
    /^file debug\/portward\.jsonl$/m,
    /^file data\/temporal\.log$/m,
    /^docker inspect /m,
    /^command line of Temporal$/m,
  ]) {
    expect(places).toMatch(kind);
  }
  expect(reads).toEqual(
    expect.arrayContaining([
      '/metrics',
      '/orchestrator/status',
      '/health/status',
      '/streams',
      '/events/stream',
      '/docs',
    ]),
  );
  expect(traces.get('answers')).toMatch(/^200 .*text\/event-stream.*data: /ms);
  expect(traces.get('log')).toMatch(/wrong API keys from 127\.0\.0\.1/);
});

test.each(names)('%s is nowhere', (name) => {
  const found = [...traces].filter(([, text]) => secrets.get(name)?.isIn(text)).map(([where]) => where);
  expect(found).toEqual([]);
});

test("a caller's environment is in its engines' containers and nowhere else", () => {
  const found = [...traces].filter(([, text]) => environment.isIn(text)).map(([where]) => where);
  expect(found.toSorted()).toEqual(provisioned.map((e) => `docker inspect ${e.container_name}`).toSorted());
});
