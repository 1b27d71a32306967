import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Docker from 'dockerode';
import { startSimulatedDocker, type SimulatedDocker } from '../../simulator/docker/simulated-docker';
import { engineImage } from '../../simulator/engine-image';
import { startSimulatedVpn, type SimulatedVpn } from '../../simulator/vpn-container';
import { examine, type Result } from '../../src/doctor/check';
import { diagnose } from '../../src/doctor/doctor';
import { ok } from '../../src/doctor/finding';
import { DockerFilter } from '../security/docker-filter';
import { documentedPermissions, type Permission } from '../security/docker-permissions';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';

// Each look at simulated VPNs in a Docker in memory: a set-up that is in order, and one mistake after the other.

const testInMemory = testUnless(process.platform === 'linux' ? null : 'a Docker in memory needs Linux');

let simulated: SimulatedDocker;
let vpn: SimulatedVpn;
let image: string;
const KEY = 'a-key-that-nobody-may-see';

beforeAll(async () => {
  if (process.platform !== 'linux') return;
  simulated = await startSimulatedDocker();
  image = await engineImage(simulated.docker, {}, 'doctor');
  vpn = await startVpn('gluetun');
  await vpn.untilHealth('healthy');
});
afterAll(() => simulated?.close());

function startVpn(name: string, labels: Record<string, string> = {}): Promise<SimulatedVpn> {
  const options = { port: 65_290, startDelayMs: 0, healthIntervalMs: 100, controlPort: 18_000, labels };
  return startSimulatedVpn(simulated.docker, {
    runId: 'doctor',
    name,
    ...options,
    env: { VPN_PORT_FORWARDING: 'on' },
  });
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Nothing of this machine's own: no data folder, no `.env`, no running Portward. */
async function looked(env: Record<string, string> = {}, dockerode = simulated.docker): Promise<Result[]> {
  return diagnose({
    env: {
      GLUETUN_CONTAINER_NAME: 'gluetun',
      GLUETUN_PORT_RANGE_1: '19000-19009',
      CONTAINER_REACH: 'network',
      ENGINE_IMAGE: image,
      APP_HOST: '127.0.0.1',
      APP_PORT: await freePort(),
      PORTWARD_DATA_DIR: __dirname,
      ...env,
    },
    folder: __dirname,
    askPortward: () => Promise.reject(new NoAnswer('nobody')),
    dockerode,
  });
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return String(port);
}

/** What is not in order, by id. */
const amiss = (results: readonly Result[], verdict: Result['verdict'] = 'wrong') =>
  results.filter((result) => result.verdict === verdict).map(({ id }) => id);

const found = (results: readonly Result[], id: string) =>
  results
    .filter((result) => result.id === id)
    .map(({ verdict, found: what, means, todo }) => [`${verdict}: ${what}`, means, todo].join(' | '))
    .join('\n');

/** Containers, each with its state, and images. */
async function everything(): Promise<unknown[]> {
  const containers = await simulated.docker.listContainers({ all: true });
  const images = await simulated.docker.listImages();
  return [...containers.map(({ Id, State }) => [Id, State]), ...images.map(({ RepoTags }) => RepoTags)];
}

testInMemory('in a set-up that is in order nothing is wrong, and nothing is changed by looking', async () => {
  const before = await everything();
  const orders = (await vpn.state()).orders.length;
  const results = await looked();
  expect(amiss(results)).toEqual([]);
  expect(found(results, 'control-server.forwarded-port')).toMatch(/^ok: it is 65290/);
  expect(found(results, 'control-server.routes')).toMatch(/^ok: .*PUT \/v1\/vpn\/status are permitted/);
  expect(found(results, 'docker.permitted-calls')).toMatch(/^ok: all 11 /);
  expect(found(results, 'docker.events')).toMatch(/^ok: /);
  expect(await everything()).toEqual(before);
  expect((await vpn.state()).orders).toHaveLength(orders);
});

async function filtered(permissions: readonly Permission[]): Promise<{ results: Result[]; refused: string[] }> {
  const { hostname, port: dockerPort } = new URL(simulated.dockerHost);
  const filter = new DockerFilter(permissions, { host: hostname, port: Number(dockerPort) });
  await filter.open();
  try {
    const { hostname: host, port } = new URL(filter.address);
    return { results: await looked({}, new Docker({ protocol: 'http', host, port })), refused: filter.refused };
  } finally {
    await filter.close();
  }
}

describe('behind a filtering proxy', () => {
  testInMemory('that permits what is documented nothing is refused that Portward needs', async () => {
    const { results, refused } = await filtered(documentedPermissions());
    expect(amiss(results)).toEqual([]);
    expect(found(results, 'docker.permitted-calls')).toMatch(/^ok: all 11 /);
    // What the doctor alone would like to know, and does without.
    const asked = refused.map((call) => call.replace(/(?<=\/distribution\/).*/, '…'));
    expect([...new Set(asked)].toSorted()).toEqual(['GET /distribution/…', 'GET /info', 'GET /version']);
  });

  testInMemory.each([
    ['POST', '/containers/create', 'wrong', 'POST /containers/create'],
    ['POST', '/stop', 'wrong', 'POST /containers/{id}/stop'],
    ['DELETE', '/containers', 'wrong', 'DELETE /containers/{id}'],
    ['GET', '/logs', 'warning', 'GET /containers/{id}/logs'],
    ['POST', '/restart', 'warning', 'POST /containers/{id}/restart'],
    ['POST', '/images/create', 'warning', 'POST /images/create'],
  ])('that refuses %s …%s', async (method, path, verdict, call) => {
    const { results } = await filtered(
      documentedPermissions().filter((p) => p.method !== method || !p.path.includes(path)),
    );
    expect(found(results, 'docker.permitted-calls')).toMatch(`${verdict}: ${call} is refused (403)`);
    expect(found(results, 'docker.permitted-calls').split('\n')).toHaveLength(1);
  });

  testInMemory('that refuses events', async () => {
    const { results } = await filtered(documentedPermissions().filter((p) => p.path !== '/events'));
    expect(found(results, 'docker.events')).toMatch(/^warning: they are refused \(403\)/);
  });
});

testInMemory('a Docker that is not there is said once, and what depends on it is not looked at', async () => {
  const results = await looked({}, new Docker({ protocol: 'http', host: '127.0.0.1', port: 9 }));
  expect(amiss(results)).toEqual(['docker.reachable']);
  expect(amiss(results, 'unknown')).toEqual(
    expect.arrayContaining(['docker.events', 'vpn.container', 'control-server.access']),
  );
});

test('what hangs, or fails to look, says so and holds up nothing else', async () => {
  const never = { id: 'a', title: 'a', vpn: null, look: () => new Promise<never>(() => {}) };
  const broken = { id: 'b', title: 'b', vpn: null, look: () => Promise.reject(new Error('it broke')) };
  const fine = { id: 'c', title: 'c', vpn: null, look: async () => ok('well') };
  expect(await examine([never, broken, fine], 50)).toMatchObject([
    { id: 'a', verdict: 'unknown', found: 'it could not be looked at: no answer within 50 ms' },
    { id: 'b', verdict: 'unknown', found: 'it could not be looked at: it broke' },
    { id: 'c', verdict: 'ok' },
  ]);
});

describe('a VPN', () => {
  testInMemory('that is named by its Compose service', async () => {
    const other = await startVpn('app-vpn-1', { 'com.docker.compose.service': 'vpn' });
    const results = await looked({ GLUETUN_CONTAINER_NAME: 'vpn' });
    expect(found(results, 'vpn.container')).toMatch(/the Compose service of that name has the container app-vpn-1/);
    expect(found(results, 'vpn.health')).toMatch(/^unknown: container 'vpn' is not there/);
    await other.remove();
  });

  testInMemory('that is stopped', async () => {
    const other = await startVpn('stopped');
    await other.stop();
    const results = await looked({ GLUETUN_CONTAINER_NAME: 'stopped' });
    expect(found(results, 'vpn.container')).toMatch(/^wrong: VPN container 'stopped' is not running/);
    expect(found(results, 'control-server.access')).toMatch(/^unknown: container 'stopped' is not running/);
    await other.remove();
  });

  testInMemory('whose control server is at another port', async () => {
    const results = await looked({ GLUETUN_API_PORT: '18001' });
    expect(found(results, 'control-server.access')).toMatch(/^wrong: .*:18001 can't be reached.*GLUETUN_API_PORT/);
    expect(found(results, 'control-server.forwarded-port')).toMatch(/^unknown: the control server does not say it/);
  });

  testInMemory('whose control server wants a key, and gets another one or none', async () => {
    await vpn.setAuth({ mode: 'apikey', key: KEY });
    const refused = await looked();
    expect(amiss(refused)).toEqual(['control-server.access']);
    expect(found(refused, 'control-server.access')).toMatch(/refuses access \(401\): set GLUETUN_API_KEY/);
    expect(amiss(await looked({ GLUETUN_API_KEY: KEY }))).toEqual([]);
    await vpn.setAuth({ mode: 'none' });
  });

  testInMemory('whose role lacks routes', async () => {
    await vpn.setFault({ kind: '401', route: 'status' });
    const results = await looked({ GLUETUN_API_KEY: KEY });
    expect(found(results, 'control-server.routes')).toMatch(
      /^warning: the control server refuses GET \/v1\/vpn\/status[\s\S]*\nwarning: the control server refuses PUT \/v1\/vpn\/status \(401\), while it permits .*give their role routes = \[.*"PUT \/v1\/vpn\/status"\]$/,
    );
    await vpn.setFault(null);
  });

  testInMemory('without a port', async () => {
    await vpn.stopVpn();
    expect(found(await looked(), 'control-server.forwarded-port')).toMatch(/^warning: .*no port is forwarded/);
    await vpn.runVpn();
    await until('the port', async () => (await vpn.state()).ports[0] === 65_290);
  });

  testInMemory('whose forwarded port something else has', async () => {
    const holder = await simulated.docker.createContainer({
      name: 'torrent',
      Image: image,
      Env: ['HTTP_PORT=65290'],
      HostConfig: { NetworkMode: `container:${vpn.containerId}` },
    });
    await holder.start();
    await until('a listener', async () => {
      const answer = await fetch(`http://${vpn.address}:65290/`).catch(() => null);
      await answer?.body?.cancel();
      return answer;
    });
    expect(found(await looked(), 'vpn.taken-ports')).toMatch(/^wrong: port 65290 is taken .*by container 'torrent'/);
    await holder.remove({ force: true });
  });
});

testInMemory('the image that is not there is said, with PULL_POLICY=never as wrong', async () => {
  const results = await looked({ ENGINE_IMAGE: 'nobody/has:this', PULL_POLICY: 'never' });
  expect(found(results, 'engine.image')).toMatch(/^wrong: image nobody\/has:this is not on the Docker host: pull it/);
});

testInMemory('a port that another program has is said', async () => {
  const other = createServer();
  await new Promise<void>((up) => other.listen(0, '127.0.0.1', up));
  const results = await looked({ APP_PORT: String((other.address() as AddressInfo).port) });
  expect(found(results, 'portward.running')).toMatch(/^wrong: Port \d+ for the API is taken by another program/);
  other.close();
});

testInMemory('a Temporal server that is not there is said', async () => {
  const results = await looked({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(found(results, 'temporal.server')).toMatch(/^wrong: 127.0.0.1:9: the Temporal server does not answer/);
});

testInMemory('no secret is in what is said, whoever repeats it', async () => {
  await vpn.setFault({ kind: 'echo', route: 'portforward' });
  const env = {
    GLUETUN_API_KEY: KEY,
    API_KEY: `API-${KEY}`,
    NOTIFY_URL: `https://x.example/${KEY}`,
    NOTIFY_SECRET: KEY,
    PORTWARD_SECRET_KEY: `${KEY}-2`,
  };
  const results = await looked({ ...env, GLUETUN_API_KEYY: KEY });
  await vpn.setFault(null);
  expect(JSON.stringify(results)).not.toMatch(/nobody-may-see|bm9ib2R5/);
  expect(found(results, 'configuration.names')).toMatch(/GLUETUN_API_KEYY/);
  expect(amiss(results)).toContain('control-server.access');
});
