import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Docker from 'dockerode';
import { examine } from '../../src/doctor/check';
import { ok } from '../../src/doctor/finding';
import { until } from '../simulator/until';
import { testUnless } from '../test-unless';
import { amiss, found, NO_SIMULATED_DOCKER, SimulatedSite } from './simulated-site';

// Runs all checks against simulated VPNs in a Docker in memory: a set-up in order, and one mistake after the other.

const testInMemory = testUnless(NO_SIMULATED_DOCKER);

const KEY = 'a-key-that-nobody-may-see';
let site: SimulatedSite;
beforeAll(async () => {
  if (NO_SIMULATED_DOCKER === null) site = await SimulatedSite.start();
});
afterAll(() => site?.close());

testInMemory('in a set-up in order nothing is wrong, and the checks change nothing', async () => {
  const before = await site.everything();
  const orders = (await site.vpn.state()).orders.length;
  const results = await site.diagnosed();
  expect(amiss(results)).toEqual([]);
  expect(found(results, 'control-server.forwarded-port')).toMatch(/^ok: it is 65290/);
  expect(found(results, 'control-server.routes')).toMatch(/^ok: .*PUT \/v1\/vpn\/status are permitted/);
  expect(found(results, 'docker.permitted-calls')).toMatch(/^ok: all 11 /);
  expect(found(results, 'docker.events')).toMatch(/^ok: /);
  expect(await site.everything()).toEqual(before);
  expect((await site.vpn.state()).orders).toHaveLength(orders);
});

testInMemory('a missing Docker is reported once, and checks that need it are unknown', async () => {
  const results = await site.diagnosed({}, new Docker({ protocol: 'http', host: '127.0.0.1', port: 9 }));
  expect(amiss(results)).toEqual(['docker.reachable']);
  expect(amiss(results, 'unknown')).toEqual(
    expect.arrayContaining(['docker.events', 'vpn.container', 'control-server.access']),
  );
});

testInMemory.each<[string, RequestListener, RegExp]>([
  [
    'accepts connections and does not answer',
    () => undefined,
    /^wrong: Docker is not reachable: it gave no answer in time \|/,
  ],
  [
    'is another server, which knows no such page',
    (_request, response) => response.writeHead(404).end('<html>'),
    /^wrong: Docker is not reachable: what answers at .* is not Docker Engine \| .* \| set DOCKER_HOST to/,
  ],
  [
    'is another server, with a page for everything',
    (_request, response) => response.end('<html>'),
    /not Docker Engine/,
  ],
])('a program in place of Docker that %s is reported once', async (_what, answer, words) => {
  const other = createServer(answer);
  await new Promise<void>((up) => other.listen(0, '127.0.0.1', up));
  const { port } = other.address() as AddressInfo;
  const results = await site.diagnosed({}, new Docker({ protocol: 'http', host: '127.0.0.1', port }));
  other.closeAllConnections();
  other.close();
  expect(amiss(results)).toEqual(['docker.reachable']);
  expect(found(results, 'docker.reachable')).toMatch(words);
  expect(amiss(results, 'warning')).toEqual([]);
  const notAsked = results.filter(({ verdict }) => verdict === 'unknown').map(({ found: said }) => said);
  expect(new Set(notAsked)).toEqual(new Set(["Docker can't be asked"]));
});

testInMemory('an image name that Docker does not accept is reported', async () => {
  const results = await site.diagnosed({ ENGINE_IMAGE: 'Nobody/Has:this' });
  expect(found(results, 'engine.image')).toMatch(
    /^wrong: Nobody\/Has:this is not the name of an image: .*ENGINE_IMAGE/,
  );
});

test('a check that hangs or fails says so, and delays no other', async () => {
  const never = { id: 'a', title: 'a', vpn: null, look: () => new Promise<never>(() => {}) };
  const broken = { id: 'b', title: 'b', vpn: null, look: () => Promise.reject(new Error('it broke')) };
  const fine = { id: 'c', title: 'c', vpn: null, look: async () => ok('well') };
  expect(await examine([never, broken, fine], 50)).toMatchObject([
    { id: 'a', verdict: 'unknown', found: 'it could not be checked: no answer within 50 ms' },
    { id: 'b', verdict: 'unknown', found: 'it could not be checked: it broke' },
    { id: 'c', verdict: 'ok' },
  ]);
});

describe('a VPN', () => {
  testInMemory('that is named by its Compose service', async () => {
    const other = await site.startVpn('app-vpn-1', { 'com.docker.compose.service': 'vpn' });
    const results = await site.diagnosed({ GLUETUN_CONTAINER_NAME: 'vpn' });
    expect(found(results, 'vpn.container')).toMatch(/the Compose service of that name has the container app-vpn-1/);
    expect(found(results, 'vpn.health')).toMatch(/^unknown: container 'vpn' is not there/);
    await other.remove();
  });

  testInMemory('that is stopped', async () => {
    const other = await site.startVpn('stopped');
    await other.stop();
    const results = await site.diagnosed({ GLUETUN_CONTAINER_NAME: 'stopped' });
    expect(found(results, 'vpn.container')).toMatch(/^wrong: VPN container 'stopped' is not running/);
    expect(found(results, 'control-server.access')).toMatch(/^unknown: container 'stopped' is not running/);
    await other.remove();
  });

  testInMemory('whose control server is at another port', async () => {
    const results = await site.diagnosed({ GLUETUN_API_PORT: '18001' });
    expect(found(results, 'control-server.access')).toMatch(/^wrong: .*:18001 can't be reached.*GLUETUN_API_PORT/);
    expect(found(results, 'control-server.forwarded-port')).toMatch(
      /^unknown: the control server does not tell the port/,
    );
  });

  testInMemory('whose control server gets no key, and then the right one', async () => {
    await site.vpn.setAuth({ mode: 'apikey', key: KEY });
    const refused = await site.diagnosed();
    expect(amiss(refused)).toEqual(['control-server.access']);
    expect(found(refused, 'control-server.access')).toMatch(/refuses access \(401\) .* set GLUETUN_API_KEY/);
    expect(amiss(await site.diagnosed({ GLUETUN_API_KEY: KEY }))).toEqual([]);
    await site.vpn.setAuth({ mode: 'none' });
  });

  testInMemory('whose role lacks routes', async () => {
    await site.vpn.setFault({ kind: '401', route: 'status' });
    const results = await site.diagnosed({ GLUETUN_API_KEY: KEY });
    expect(found(results, 'control-server.routes')).toMatch(
      /^warning: the control server refuses GET \/v1\/vpn\/status[\s\S]*\nwarning: the control server refuses PUT \/v1\/vpn\/status \(401\), while it permits .*give their role routes = \[.*"GET \/v1\/vpn\/status", "PUT \/v1\/vpn\/status"\]$/,
    );
    await site.vpn.setFault(null);
  });

  testInMemory('that somebody has stopped inside its container', async () => {
    await site.vpn.stopVpn();
    expect(found(await site.diagnosed(), 'control-server.forwarded-port')).toMatch(
      /^wrong: the VPN in container 'gluetun' is stopped .*start it with PUT/,
    );
    await site.vpn.runVpn();
    await until('the port', async () => (await site.vpn.state()).ports[0] === 65_290);
  });

  testInMemory('that has lost its port', async () => {
    await site.vpn.losePort();
    expect(found(await site.diagnosed(), 'control-server.forwarded-port')).toMatch(/^warning: .*no port is forwarded/);
    await site.vpn.stopVpn();
    await site.vpn.runVpn();
    await until('the port', async () => (await site.vpn.state()).ports[0] === 65_290);
  });

  testInMemory('whose forwarded port another program has', async () => {
    const holder = await site.docker.createContainer({
      name: 'torrent',
      Image: site.image,
      Env: ['HTTP_PORT=65290'],
      HostConfig: { NetworkMode: `container:${site.vpn.containerId}` },
    });
    await holder.start();
    await until('a listener', async () => {
      const answer = await fetch(`http://${site.vpn.address}:65290/`).catch(() => null);
      await answer?.body?.cancel();
      return answer;
    });
    // On a busy machine a port may not answer in time to count as taken.
    await until('the finding', async () =>
      /^wrong: port 65290 is taken .*by container 'torrent'/.test(found(await site.diagnosed(), 'vpn.taken-ports')),
    );
    await holder.remove({ force: true });
  });
});

testInMemory('a missing image is wrong with PULL_POLICY=never', async () => {
  const results = await site.diagnosed({ ENGINE_IMAGE: 'nobody/has:this', PULL_POLICY: 'never' });
  expect(found(results, 'engine.image')).toMatch(
    /^wrong: image nobody\/has:this is not on the Docker host .*docker pull nobody\/has:this, or set PULL_POLICY=missing/,
  );
});

testInMemory('a port that another program has is reported', async () => {
  const other = createServer();
  await new Promise<void>((up) => other.listen(0, '127.0.0.1', up));
  const results = await site.diagnosed({ APP_PORT: String((other.address() as AddressInfo).port) });
  expect(found(results, 'portward.running')).toMatch(/^wrong: Port \d+ for the API is taken by another program/);
  other.close();
});

testInMemory('a Temporal server that does not answer is reported', async () => {
  const results = await site.diagnosed({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(found(results, 'temporal.server')).toMatch(/^wrong: 127.0.0.1:9: the Temporal server does not answer/);
});

testInMemory('no finding shows a secret, even if the control server repeats it', async () => {
  await site.vpn.setFault({ kind: 'echo', route: 'portforward' });
  const env = {
    GLUETUN_API_KEY: KEY,
    API_KEY: `API-${KEY}`,
    NOTIFY_URL: `https://x.example/${KEY}`,
    NOTIFY_SECRET: KEY,
    PORTWARD_SECRET_KEY: `${KEY}-2`,
  };
  const results = await site.diagnosed({ ...env, GLUETUN_API_KEYY: KEY });
  await site.vpn.setFault(null);
  expect(JSON.stringify(results)).not.toMatch(/nobody-may-see|bm9ib2R5/);
  // A secret in another variable would be repeated by the message about that variable.
  const misplaced = await site.diagnosed({ API_KEY: KEY, APP_PORT: KEY });
  expect(found(misplaced, 'configuration.variables')).toMatch(/^wrong: APP_PORT: expected .* got '\*\*\*'/);
  expect(found(results, 'configuration.names')).toMatch(/GLUETUN_API_KEYY/);
  expect(amiss(results)).toContain('control-server.access');
});
