import { connect } from 'node:net';
import type Docker from 'dockerode';
import type { SimulatedVpn } from '../../simulator/vpn-container';
import { logsOf, Simulation } from './simulation';
import { until } from './until';

const simulation = new Simulation();
let vpn: SimulatedVpn;
beforeAll(async () => {
  vpn = await simulation.startVpn();
  await until('the tunnel', async () => (await vpn.state()).alive);
});
afterAll(() => simulation.remove());

const STATUS = '/server/api?api_version=3&method=get_network_connection_status';

/** The environment by which the krinkuto11 image gets its ports. */
const krinkuto = (http: number, https: number, p2p?: number): Record<string, string> => ({
  CONF: `--http-port=${http}\n--https-port=${https}\n--bind-all`,
  HTTP_PORT: String(http),
  HTTPS_PORT: String(https),
  BIND_ALL: 'true',
  ...(p2p === undefined ? {} : { P2P_PORT: String(p2p) }),
});

function get(port: number, path: string, limitMs = 2000): Promise<Response> {
  return fetch(`http://${vpn.address}:${port}${path}`, { signal: AbortSignal.timeout(limitMs) });
}

async function answering(port: number): Promise<void> {
  await until(`an engine on ${port}`, async () => (await get(port, STATUS).catch(() => null))?.ok);
}

type EngineState = { ports: unknown; uptimeMs: number; clients: number };

async function stateOf(port: number): Promise<EngineState> {
  const state: EngineState = JSON.parse(await (await get(port, '/simulator/state')).text());
  return state;
}

function p2pGreeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const peer = connect(port, vpn.address);
    peer.on('data', (chunk) => (text += chunk.toString()));
    peer.on('end', () => resolve(text));
    peer.on('error', reject);
  });
}

async function exitCode(engine: Docker.Container): Promise<number> {
  const { StatusCode }: { StatusCode: number } = await engine.wait();
  return StatusCode;
}

test('an engine answers its API on the HTTP port and peers on the P2P port', async () => {
  await simulation.startEngine(vpn, krinkuto(19001, 45001, 5001));
  await answering(19001);
  expect(await (await get(19001, STATUS)).json()).toEqual({ result: { connected: true } });
  const version = await get(19001, '/webui/api/service?method=get_version&format=json&callback=cb');
  expect(await version.text()).toMatch(/^cb\(\{.*"version":/);
  expect(await p2pGreeting(5001)).toContain('5001');
});

test.each([
  ['krinkuto11, forwarded', krinkuto(19011, 45011, 5011), [], { http: 19011, https: 45011, p2p: 5011 }],
  ['krinkuto11, plain', krinkuto(19012, 45012), [], { http: 19012, https: 45012, p2p: null }],
  [
    'a CONF of the caller',
    { ...krinkuto(19990, 45990), CONF: '--http-port=19013\n--port=5013' },
    [],
    { http: 19013, https: 45990, p2p: 5013 },
  ],
  [
    'jopsis-amd64',
    { ACESTREAM_ARGS: '--client-console --http-port 19014 --https-port 45014 --port 5014' },
    [],
    { http: 19014, https: 45014, p2p: 5014 },
  ],
  [
    'jopsis-arm',
    {},
    'python main.py --bind-all --http-port 19015 --https-port 45015 --port 5015'.split(' '),
    { http: 19015, https: 45015, p2p: 5015 },
  ],
])('ports are taken as given: %s', async (_variant, env, command, ports) => {
  await simulation.startEngine(vpn, env, command);
  await answering(ports.http);
  expect((await stateOf(ports.http)).ports).toEqual(ports);
});

test.each([
  ['HTTP', krinkuto(19021, 45021, 5021), krinkuto(19021, 45921)],
  ['HTTPS', krinkuto(19022, 45022, 5022), krinkuto(19922, 45022)],
  ['P2P', krinkuto(19023, 45023, 5023), krinkuto(19923, 45923, 5023)],
])(
  'a second engine on the same %s port in the network namespace exits, saying EADDRINUSE',
  async (port, first, second) => {
    await simulation.startEngine(vpn, first);
    await answering(Number(first.HTTP_PORT));
    const loser = await simulation.startEngine(vpn, second);
    expect(await exitCode(loser)).toBe(98);
    expect(await logsOf(loser)).toContain(`EADDRINUSE: ${port} port`);
    await answering(Number(first.HTTP_PORT));
  },
);

test('nothing is accepted before STARTUP_MS has passed', async () => {
  await simulation.startEngine(vpn, { ...krinkuto(19031, 45031, 5031), STARTUP_MS: '1000' });
  await expect(get(19031, STATUS)).rejects.toThrow('fetch failed');
  await answering(19031);
  expect((await stateOf(19031)).uptimeMs).toBeGreaterThanOrEqual(1000);
});

test('an engine hangs and recovers as asked', async () => {
  await simulation.startEngine(vpn, { ...krinkuto(19041, 45041), HANG: '1' });
  await until('the state', async () => (await get(19041, '/simulator/state').catch(() => null))?.ok);
  await expect(get(19041, STATUS, 300)).rejects.toThrow('timeout');
  const body = JSON.stringify({ hang: false });
  await fetch(`http://${vpn.address}:19041/simulator/hang`, { method: 'PUT', body });
  await answering(19041);
});

async function networkStatus(port: number): Promise<unknown> {
  return (await get(port, STATUS)).json();
}

test('an engine says whether it is connected as asked', async () => {
  await simulation.startEngine(vpn, { ...krinkuto(19081, 45081), CONNECTED: '0' });
  await answering(19081);
  expect(await networkStatus(19081)).toEqual({ result: { connected: false } });
  for (const connected of [true, false]) {
    const body = JSON.stringify({ connected });
    await fetch(`http://${vpn.address}:19081/simulator/connected`, { method: 'PUT', body });
    expect(await networkStatus(19081)).toEqual({ result: { connected } });
  }
});

test.each([
  ['prompt', 0, 0, 2000],
  ['slow:1500', 0, 1500, 4000],
  // Docker kills it when the time is up: 128 + SIGKILL.
  ['ignore', 137, 3000, 6000],
])('STOP_BEHAVIOUR %s', async (behaviour, code, atLeast, below) => {
  const engine = await simulation.startEngine(vpn, { ...krinkuto(19051, 45051), STOP_BEHAVIOUR: behaviour });
  await answering(19051);
  const asked = Date.now();
  await engine.stop({ t: 3 });
  const took = Date.now() - asked;
  expect((await engine.inspect()).State.ExitCode).toBe(code);
  expect(took).toBeGreaterThanOrEqual(atLeast - 5);
  expect(took).toBeLessThan(below);
});

test('a stream sends bytes until its client leaves', async () => {
  await simulation.startEngine(vpn, krinkuto(19061, 45061));
  await answering(19061);
  const leaving = new AbortController();
  const response = await fetch(`http://${vpn.address}:19061/ace/getstream?id=abc`, { signal: leaving.signal });
  expect(response.headers.get('transfer-encoding')).toBe('chunked');
  const reader = response.body?.getReader();
  let bytes = 0;
  while (bytes < 4000) bytes += (await reader?.read())?.value?.length ?? 0;
  expect((await stateOf(19061)).clients).toBe(1);
  leaving.abort();
  await until('no client', async () => (await stateOf(19061)).clients === 0);
});

test('a proxy gets URLs to play, to watch and to stop a stream', async () => {
  await simulation.startEngine(vpn, krinkuto(19071, 45071));
  await answering(19071);
  type Urls = { playback_url: string; stat_url: string; command_url: string };
  const start = await get(19071, '/ace/getstream?format=json&id=abc');
  const { response: urls }: { response: Urls } = JSON.parse(await start.text());
  const play = await fetch(urls.playback_url);
  await until('statistics', async () => /"downloaded":[1-9]/.test(await (await fetch(urls.stat_url)).text()));
  await fetch(`${urls.command_url}?method=stop`);
  expect((await play.arrayBuffer()).byteLength).toBeGreaterThan(0);
});
