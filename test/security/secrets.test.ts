// Plants recognizable secrets, causes all kinds of failures, and searches for the secrets wherever Portward writes something.
import { join } from 'node:path';
import { freePorts } from '../../simulator/free-ports';
import type { PortwardProcess } from '../../simulator/portward-process';
import type { ProvisionedJson } from '../../src/api/schemas/provisioning';
import { NO_PROXY, Stage } from '../program/stage';
import { until } from '../simulator/until';
import { Planted } from './planted';
import { Questions } from './questions';
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
/** The environment that a caller gives an engine, which only Docker may have. */
const environment = new Planted('environment');
/** Not a secret: the search has to find it, which proves that the search works. */
const open = new Planted('reason');

let stage: Stage;
const questions = new Questions(() => stage.portward.url, {
  right: valueOf('API_KEY'),
  wrong: ['wrong', `${valueOf('API_KEY')}x`, valueOf('API_KEY').slice(1), valueOf('GLUETUN_API_KEY_1')],
});
const traces: Traces = new Map();

const ask = (path: string, init: RequestInit = {}) => questions.ask(path, init);

function askEverything(url = stage.portward.url): Promise<void> {
  const id = provisioned[0]?.container_id ?? 'none';
  const values = { id, '/streams/{id}/stats id': 'planted|1', key: 'stream_id', value: open.value };
  return questions.everything(stage.vpn().name, values, url);
}

const provisioned: ProvisionedJson[] = [];
const besides: PortwardProcess[] = [];

function provision(body: object, headers = questions.keyed): Promise<Response> {
  const json = { ...headers, 'content-type': 'application/json' };
  return ask('/provision/acestream', { method: 'POST', headers: json, body: JSON.stringify(body) });
}

/** Requests an engine with a secret environment, one that Docker refuses at first, and ones that Portward refuses for each reason. */
async function provisioning(): Promise<void> {
  const order = (label: string) => ({ env: { TOKEN: environment.value }, labels: { stream_id: label } });
  const brought = (label: string) =>
    until(`engine ${label}`, async () => {
      const answer = await provision(order(label));
      if (answer.status === 200) provisioned.push((await answer.json()) as ProvisionedJson);
      return answer.status === 200;
    });
  await brought(open.value);

  stage.gate.rule = (method, path) =>
    method === 'POST' && path.startsWith('/containers/create') ? { status: 500, message: 'no space left' } : null;
  await provision(order('refused by Docker'));
  await stage.portward.untilLog(/provisioning failed.*no space left/);
  await askEverything();
  stage.gate.rule = () => null;
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
  const cut = { method: 'POST', headers: { ...questions.keyed, 'content-type': 'application/json' } };
  await ask('/provision/acestream', { ...cut, body: JSON.stringify(order('cut')).slice(0, -1) });
}

const faulty = [
  // In each round the first fault is for the first VPN, the second for the other. Each VPN has another kind of credentials, so both echo.
  [
    [{ kind: 'echo' }, /\*\*\*/],
    [{ kind: 'echo' }, /\*\*\*/],
  ],
  [
    [{ kind: '401' }, /refuses access/],
    [{ kind: '500' }, /answers 500/],
  ],
  [
    [{ kind: 'hang' }, /gave no answer/],
    [{ kind: '301', location: 'http://elsewhere.example/' }, /redirects to another/],
  ],
] as const;

async function faults(): Promise<void> {
  for (const round of faulty) {
    await Promise.all(stage.vpns.map((vpn, i) => vpn.setFault(round[i]?.[0] ?? null)));
    await until(
      'what is wrong with each port',
      async () => {
        const { vpns } = (await (await ask('/vpn/status')).json()) as { vpns: { port_problem: string | null }[] };
        return vpns.every(({ port_problem }, i) => round[i]?.[1].test(port_problem ?? ''));
      },
      40_000,
    );
    await askEverything();
  }
  for (const vpn of stage.vpns) await vpn.setFault(null);
}

/** The number of VPNs that miss Docker. */
async function missingDocker(): Promise<number> {
  const { vpns } = (await (await ask('/vpn/status')).json()) as { vpns: { problem: string | null }[] };
  return vpns.filter(({ problem }) => /Docker is not reachable/.test(problem ?? '')).length;
}

async function dockerAway(): Promise<void> {
  await stage.gate.shut();
  await until('every VPN misses Docker', async () => (await missingDocker()) === stage.vpns.length, 40_000);
  await askEverything();
  const refused = await provision({ env: { TOKEN: environment.value }, labels: { stream_id: 'without Docker' } });
  expect(refused.status).toBe(503);
  await stage.gate.reopen();
  await until('Docker is back for every VPN', async () => (await missingDocker()) === 0, 40_000);
}

/** Makes another process with the same folder and Temporal server, and with other settings. */
async function beside(env: Readonly<Record<string, string>>): Promise<PortwardProcess> {
  const [port = 0] = await freePorts(1);
  const process = stage.portward.beside('start', { TEMPORAL_ADDRESS: stage.portward.temporalAddress, ...env }, port);
  besides.push(process);
  stage.onClear(() => process.kill('SIGKILL'));
  return process;
}

/** Gives a key for a Temporal server without TLS: once with TLS, which a key turns on and which fails, and once without. */
async function temporalKey(): Promise<void> {
  const key = { TEMPORAL_API_KEY: valueOf('TEMPORAL_API_KEY') };
  const [failing, working] = [await beside(key), await beside({ ...key, TEMPORAL_TLS: 'false' })];
  await Promise.all([failing.start(), working.start()]);
  await failing.untilLog(/Temporal at .* is not reachable/);
  await until('a list by way of the key', async () => (await fetch(`${working.url}/engines`)).ok);
  for (const { url } of [failing, working]) await askEverything(url);
}

async function wrongConfiguration(): Promise<void> {
  const wrong = await beside({ EVICTION_GRACE_S: '0.1', GLUETUN_USER_1: valueOf('GLUETUN_USER_2') });
  await expect(wrong.start()).rejects.toThrow(/Configuration is wrong/);
}

beforeAll(async () => {
  const [key, user, password] = ['GLUETUN_API_KEY_1', 'GLUETUN_USER_2', 'GLUETUN_PASSWORD_2'].map(valueOf);
  stage = await Stage.start({
    docker: 'simulated',
    gated: true,
    vpns: [
      { auth: { mode: 'apikey', key: key ?? '' } },
      { auth: { mode: 'basic', user: user ?? '', password: password ?? '' }, port: 51_413 },
    ],
    env: {
      ...Object.fromEntries(names.filter((name) => !name.startsWith('TEMPORAL_')).map((name) => [name, valueOf(name)])),
      // Nobody listens there, so every attempt fails.
      NOTIFY_URL: `http://127.0.0.1:9/${encodeURIComponent(valueOf('NOTIFY_URL'))}`,
      ...NO_PROXY,
      CONTAINER_REACH: 'network',
      DEBUG_MODE: 'true',
      DEBUG_LOG_DIR: 'debug',
      GLUETUN_TIMEOUT_S: '1',
      API_WRONG_KEYS_PER_MINUTE: '3',
      PORT_LOST_TIMEOUT_S: '0',
      // The requested engines stay until the end.
      ENGINE_GRACE_PERIOD_S: '600',
      API_CHANGES_PER_MINUTE: '0',
    },
  });
  // These engines prove that the credentials are used: without them Portward would know no port.
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
  await Promise.all([faults(), temporalKey(), wrongConfiguration()]);
  await dockerAway();
  const { answers } = questions;
  answers.push(await stage.portward.command('status'));
  answers.push(await stage.portward.command('replace', stage.vpn().name, '--reason', open.value));
  await stage.quiet();
  await askEverything();
  await ask(`/vpns/${stage.vpn(1).name}/replacements`);
  for (const [where, text] of await tracesOf(stage)) traces.set(where, text);
  traces.set('answers', answers.join('\n'));
  for (const [i, { logLines }] of besides.entries()) traces.set(`log of process ${i + 2}`, JSON.stringify(logLines));
}, 400_000);

afterAll(() => stage?.clear());

test('a text that is not secret is found in every kind of place that may show it', () => {
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

test('every kind of place is searched', () => {
  const places = [...traces.keys()].join('\n');
  const files = [/^file debug\/portward\.jsonl$/m, /^file data\/temporal\.log$/m];
  for (const kind of [...files, /^docker inspect /m, /^command line of Temporal$/m]) expect(places).toMatch(kind);
  const status = ['/orchestrator/status', '/health/status', '/metrics'];
  expect(questions.reads).toEqual(expect.arrayContaining([...status, '/streams', '/events/stream', '/docs']));
  expect(traces.get('answers')).toMatch(/^200 .*text\/event-stream.*data: /ms);
  expect(traces.get('log')).toMatch(/wrong API keys from 127\.0\.0\.1/);
});

test.each(names)('%s is found nowhere', (name) => {
  const found = [...traces].filter(([, text]) => secrets.get(name)?.isIn(text)).map(([where]) => where);
  expect(found).toEqual([]);
});

// A request that got no answer in time may have made an engine all the same.
const isOfOrder = (where: string, text: string) => where.startsWith('docker inspect ') && text.includes('"stream_id"');

test("a caller's environment is in its engines' containers and nowhere else", () => {
  const found = [...traces].filter(([, text]) => environment.isIn(text));
  for (const e of provisioned) expect(found.map(([where]) => where)).toContain(`docker inspect ${e.container_name}`);
  expect(found.flatMap(([where, text]) => (isOfOrder(where, text) ? [] : [where]))).toEqual([]);
});
