// An engine from ENGINE_FILE that is not AceStream, with its own health check, command and volume, and with a secret.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ContainerInspectInfo } from 'dockerode';
import { ensureSimulatorImage } from '../../simulator/image';
import { Planted } from '../security/planted';
import { tracesOf } from '../security/traces';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';

const folder = mkdtempSync(join(tmpdir(), 'portward-engine-'));
const file = join(folder, 'engine.json');
const secret = new Planted('the environment in ENGINE_FILE');

let stage: Stage;
const volume = () => `${stage.simulation.runId}-${stage.vpn().name}`;

async function writeEngineFile({ simulation }: Stage): Promise<void> {
  const engine = {
    image: await ensureSimulatorImage(simulation.docker),
    env: { HEALTH_PATH: '/ready', HEALTH_STATUS: '418', TOKEN: secret.value },
    command: ['--http-port={{HTTP_PORT}}', '--port', '{{P2P_PORT}}'],
    volumes: [`${simulation.runId}-{{VPN}}:/kept`],
    health: { type: 'http', path: '/ready', statuses: [418] },
  };
  writeFileSync(file, JSON.stringify(engine));
}

beforeAll(async () => {
  // ENGINE_IMAGE is empty, because it would override the image in the file.
  const env = {
    ENGINE_FILE: file,
    ENGINE_IMAGE: '',
    ...NO_PROXY,
    HEALTH_CHECK_INTERVAL_S: '1',
    HEALTH_FAILURE_THRESHOLD: '2',
    DEBUG_MODE: 'true',
    DEBUG_LOG_DIR: 'debug',
  };
  stage = await Stage.start({ env, before: writeEngineFile });
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  if (!stage) return;
  const name = volume();
  await stage.clear();
  await stage.simulation.docker.getVolume(name).remove();
});

function inspect(id: string): Promise<ContainerInspectInfo> {
  return stage.simulation.docker.getContainer(id).inspect();
}

/** What a peer receives on that port of the VPN. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const peer = connect(port, stage.vpn().address);
    peer.on('data', (data) => (text += data.toString()));
    peer.on('end', () => resolve(text));
    peer.on('error', reject);
  });
}

test('it is listed once its own path gives its own status, and listens on the forwarded port', async () => {
  const engine = await stage.forwarded(65_290);
  expect(engine).toMatchObject({ health_status: 'healthy', forwarded: true });
  expect(await greeting(65_290)).toContain('P2P port 65290');
  const asked = (path: string) => fetch(`http://${stage.vpn().address}:${engine.port}${path}`);
  expect((await asked('/ready')).status).toBe(418);
  expect((await asked('/server/api?api_version=3&method=get_network_connection_status')).status).toBe(404);
  const { Config, Mounts } = await inspect(engine.container_id);
  expect(Config.Cmd).toEqual([`--http-port=${engine.port}`, '--port', '65290']);
  expect(Config.Env).toContain(`TOKEN=${secret.value}`);
  expect(Mounts.map(({ Name, Destination }) => [Name, Destination])).toEqual([[volume(), '/kept']]);
});

/** The starts and ends of the VPN's engines, by Docker's events, in order. */
async function happened(since: Date): Promise<{ id: string; action: string }[]> {
  const stream = await stage.simulation.docker.getEvents({
    since: since.getTime() / 1000,
    until: Math.ceil(Date.now() / 1000),
    filters: {
      type: ['container'],
      event: ['start', 'die'],
      label: [`acestream.vpn_container=${stage.vpn().name}`],
    },
  });
  const events: { id: string; action: string }[] = [];
  for await (const line of createInterface({ input: stream })) {
    const { id, Action: action } = JSON.parse(line) as { id: string; Action: string };
    events.push({ id, action });
  }
  return events;
}

test('when the port changes it is replaced, by one with the same volume that starts when the old one has stopped', async () => {
  const { container_id: old } = await stage.forwarded(65_290);
  const since = new Date();
  await stage.vpn().changePort(40_648);
  const fresh = await stage.forwarded(40_648);
  await stage.quiet();
  expect(await greeting(40_648)).toContain('P2P port 40648');
  expect((await stage.containers()).map((c) => c.id)).toEqual([fresh.container_id]);
  expect((await inspect(fresh.container_id)).Mounts.map(({ Name }) => Name)).toEqual([volume()]);
  expect((await happened(since)).map(({ id, action }) => [action, id])).toEqual([
    ['die', old],
    ['start', fresh.container_id],
  ]);
});

test('one that hangs is unhealthy by its own probe, and replaced', async () => {
  const hanging = await stage.forwarded(40_648);
  await fetch(`http://${stage.vpn().address}:${hanging.port}/simulator/hang`, {
    method: 'PUT',
    body: JSON.stringify({ hang: true }),
  });
  const fresh = await until(
    'another engine on the port',
    async () => {
      const engine = await stage.forwarded(40_648);
      return engine.container_id === hanging.container_id ? null : engine;
    },
    40_000,
  );
  await stage.quiet();
  expect((await stage.containers()).map((c) => c.id)).toEqual([fresh.container_id]);
  expect((await stage.replacements()).map((r) => r.cause)).toContain('engine unhealthy');
});

test('its environment is in Docker and in its file only: in no log, file, answer, history or command line', async () => {
  const answers: string[] = [];
  for (const path of ['/engines', '/vpn/status', `/vpns/${stage.vpn().name}/replacements`]) {
    answers.push(JSON.stringify(await stage.get(path)));
  }
  const traces = await tracesOf(stage);
  traces.set('answers', answers.join('\n'));
  const found = [...traces].filter(([, text]) => secret.isIn(text)).map(([where]) => where);
  const [engine] = await stage.containers();
  expect(found).toEqual([`docker inspect ${engine?.name}`]);
  expect([...traces.keys()]).toEqual(expect.arrayContaining([expect.stringMatching(/^workflow replace\//), 'log']));
});
