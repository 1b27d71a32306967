// What others can reach of a running Portward: the rights of its engines, its files, its ports.
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { NODE } from '../../simulator/image';
import { Stage } from '../program/stage';
import { listeningOn } from './listening';

const KEY = 'a-key-of-good-length';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ env: { DEBUG_MODE: 'true', DEBUG_LOG_DIR: 'debug', MIN_REPLICAS: '2' } });
  await stage.forwarded(65_290);
  await stage.listed(2);
});
afterAll(() => stage?.clear());

type Details = Docker.ContainerInspectInfo;

async function engines(): Promise<Details[]> {
  const found = await stage.containers();
  return Promise.all(found.map(({ id }) => stage.simulation.docker.getContainer(id).inspect()));
}

/** A container with only an image and no network, to compare with Docker's defaults. */
async function ordinary(image: string): Promise<Details> {
  const { docker } = stage.simulation;
  const container = await docker.createContainer({
    name: stage.simulation.name('plain'),
    Image: image,
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    // Docker fills in some fields only at the start.
    await container.start();
    return await container.inspect();
  } finally {
    await container.remove({ force: true });
  }
}

function differences(a: object, b: object): string[] {
  const [one, other] = [a, b].map((o) => new Map(Object.entries(o).map(([k, v]) => [k, JSON.stringify(v)])));
  const names = new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]);
  return [...names].filter((name) => one?.get(name) !== other?.get(name)).toSorted();
}

test("an engine has Docker's defaults, but for the VPN's network and the restart policy", async () => {
  const made = await engines();
  expect(made).toHaveLength(2);
  for (const engine of made) {
    const plain = await ordinary(engine.Config.Image);
    expect(differences(engine.HostConfig, plain.HostConfig)).toEqual(['NetworkMode', 'RestartPolicy']);
    expect(engine.HostConfig.NetworkMode).toBe(`container:${stage.vpn().containerId}`);
    expect(engine.HostConfig.RestartPolicy).toMatchObject({ Name: 'unless-stopped' });
    // A container in another container's network has no hostname of its own.
    expect(differences(engine.Config, plain.Config).filter((d) => d !== 'Hostname')).toEqual(['Env', 'Labels']);
    expect(engine.Mounts).toEqual([]);
    expect(engine.NetworkSettings.Ports).toEqual({});
    expect(engine.HostConfig).toMatchObject({ Privileged: false, CapAdd: null, PidMode: '' });
  }
});

/** Files and folders that other users may read, write or enter, such as `data/temporal.db 644`. */
function openToOthers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, mode: statSync(path).mode & 0o777 }))
    .filter(({ mode }) => (mode & 0o077) !== 0)
    .map(({ path, mode }) => `${path.slice(folder.length + 1)} ${mode.toString(8)}`);
}

test('files and folders that Portward and its Temporal server make are for its own user only', () => {
  const { folder } = stage.portward;
  const made = readdirSync(folder, { recursive: true }).map(String);
  expect(made).toEqual(expect.arrayContaining(['data/temporal.db', 'data/temporal.log', 'debug/portward.jsonl']));
  expect(openToOthers(folder)).toEqual([]);
});

test('Temporal and its UI listen on loopback only, and so does the API when it is told to', async () => {
  const { portward } = stage;
  const { api, temporal, ui } = portward.ports;
  const ofServer = listeningOn(portward.temporalPid ?? 0);
  expect(ofServer).toEqual(expect.arrayContaining([`127.0.0.1:${temporal}`, `127.0.0.1:${ui}`]));
  expect(ofServer.filter((address) => !address.startsWith('127.'))).toEqual([]);
  const own = listeningOn(portward.pid);
  expect(own).toContain(`127.0.0.1:${api}`);
  expect(own.filter((address) => !address.startsWith('127.'))).toEqual([]);
  // The second address is the worker's metrics, which the API's /metrics fetches.
  expect(own).toHaveLength(2);
});

test("files of an earlier version that others could read are for Portward's own user only after a start", async () => {
  const { portward } = stage;
  await portward.stop();
  for (const file of ['data/temporal.db', 'data/temporal.log', 'debug/portward.jsonl'])
    chmodSync(join(portward.folder, file), 0o644);
  portward.reconfigure({ APP_HOST: '0.0.0.0', API_KEY: KEY });
  await portward.start();
  await stage.forwarded(65_290);
  expect(openToOthers(portward.folder)).toEqual([]);
});

/** The answer that an engine of the VPN gets from the address: the HTTP status, or Node's error code. */
async function toEngine(url: string, headers: Record<string, string> = {}): Promise<string> {
  const program = `fetch(${JSON.stringify(url)}, { headers: ${JSON.stringify(headers)} })
    .then((answer) => answer.status, (error) => error.cause?.code ?? error.message)
    .then((outcome) => process.stdout.write(String(outcome)))`;
  const [engine] = await stage.containers();
  const exec = await stage.simulation.docker
    .getContainer(engine?.id ?? '')
    .exec({ Cmd: [NODE, '-e', program], AttachStdout: true, Tty: true });
  return (await text(await exec.start({ Tty: true }))).trim();
}

test("an engine reaches neither Temporal nor its UI, and can't use the UI that the API shows without the key", async () => {
  const { ports, url } = stage.portward;
  // The address at which the VPN's network reaches the host.
  const { NetworkSettings } = await stage.simulation.docker.getContainer(stage.vpn().containerId).inspect();
  const gateway = Object.values(NetworkSettings.Networks)[0]?.Gateway ?? '';
  const shown = `http://${gateway}:${ports.api}/temporal/api/v1/namespaces`;
  expect(await toEngine(`http://${gateway}:${ports.api}/health/live`)).toBe('200');
  for (const port of [ports.temporal, ports.ui])
    expect(await toEngine(`http://${gateway}:${port}/`)).toBe('ECONNREFUSED');
  expect(await toEngine(shown)).toBe('401');

  const form = new URLSearchParams({ key: KEY, to: '/temporal' });
  const signedIn = await fetch(`${url}/session`, { method: 'POST', body: form, redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(await toEngine(shown, { cookie })).toBe('401');
  const answer = await fetch(`${url}/temporal/api/v1/namespaces`, { headers: { cookie } });
  expect(JSON.stringify(await answer.json())).toContain('"name":"default"');
});
