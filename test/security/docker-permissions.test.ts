// Portward behind a filtering proxy that lets through what docs/security.md lists, and nothing else.
import { Stage } from '../program/stage';
import { until } from '../simulator/until';
import { DockerFilter } from './docker-filter';
import { documentedCalls, documentedPermissions, type Permission } from './docker-permissions';

const permissions = documentedPermissions();
const filter = new DockerFilter(permissions);
let stage: Stage;

beforeAll(async () => {
  await filter.open();
  stage = await Stage.start({
    env: {
      DOCKER_HOST: filter.address,
      CONTAINER_REACH: 'network',
      // Asks for the image; that it can't be had, for want of a registry, does no harm.
      PULL_POLICY: 'always',
      MIN_REPLICAS: '2',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '2',
    },
  });
});
afterAll(async () => {
  await stage?.clear();
  await filter.close();
});

/** `GET /containers/{name}/json` with something in place of the braces. */
function exampleOf(call: string): { method: string; path: string } {
  const [method = '', path = ''] = call.split(' ');
  return {
    method,
    path: path.replace('/images/{name}', '/images/ghcr.io/a/b:latest').replace(/\{\w+\}/, 'ab'.repeat(32)),
  };
}

const permits = (p: Permission, call: string) => {
  const { method, path } = exampleOf(call);
  return p.method === method && p.pattern.test(path);
};

test('the table and the settings of the filtering proxy say the same', () => {
  const calls = [...documentedCalls().keys()];
  expect(calls.length).toBeGreaterThan(5);
  for (const call of calls) expect([call, permissions.filter((p) => permits(p, call)).length]).toEqual([call, 1]);
  for (const p of permissions) expect([p.path, calls.filter((call) => permits(p, call)).length]).toEqual([p.path, 1]);
});

test('the settings let nothing else through', () => {
  for (const [method, path] of [
    ['POST', '/containers/create/../../exec'],
    ['POST', `/containers/${'ab'.repeat(32)}/exec`],
    ['POST', `/containers/${'ab'.repeat(32)}/kill`],
    ['PUT', `/containers/${'ab'.repeat(32)}/archive`],
    ['GET', `/containers/${'ab'.repeat(32)}/top`],
    ['GET', '/containers/gluetun/logs'],
    ['GET', '/containers/../info/json'],
    ['DELETE', '/containers/gluetun'],
    ['DELETE', '/images/x'],
    ['POST', '/build'],
    ['POST', '/images/load'],
    ['POST', '/volumes/create'],
    ['GET', '/info'],
    ['GET', '/v1.43/containers/json'],
  ] as const) {
    const by = permissions.filter((p) => p.method === method && p.pattern.test(path)).map((p) => p.path);
    expect([method, path, by]).toEqual([method, path, []]);
  }
});

test('a port change, a forced replacement and a restarted VPN are handled with the documented calls alone', async () => {
  const old = await stage.forwarded(65_290);
  await stage.listed(2);
  await stage.vpn().changePort(40_648);
  await stage.forwarded(40_648);
  await stage.quiet();
  expect((await stage.containers()).map((c) => c.id)).not.toContain(old.container_id);

  expect((await stage.replace()).status).toBe(202);
  await stage.quiet();
  await stage.forwarded(40_648);

  const before = (await stage.listed(2)).map((e) => e.container_id);
  await stage.vpn().restart();
  await until(
    'other engines',
    async () => (await stage.listed(2)).every((e) => !before.includes(e.container_id)),
    60_000,
  );
  await stage.quiet();
  expect(filter.refused).toEqual([]);
});

test('an engine that has to go without having come up is removed with them too', async () => {
  // A further change before the new engine answers makes a container that is removed by its name.
  await stage.vpn().changePort(50_001);
  await stage.portward.untilLog(/new engine with port 50001/);
  await stage.vpn().changePort(50_002);
  await stage.forwarded(50_002);
  await stage.quiet();
  expect(filter.refused).toEqual([]);
});

test('an engine that has died is asked for its last words and replaced with them', async () => {
  const plain = (await stage.listed(2)).find((e) => !e.forwarded)?.container_id ?? '';
  await stage.simulation.docker.getContainer(plain).kill();
  await until('another one', async () => (await stage.listed(2)).every((e) => e.container_id !== plain), 60_000);
  await stage.quiet();
  expect(filter.refused).toEqual([]);
});

test('a VPN that stays unhealthy is restarted with them', async () => {
  await stage.vpn().setHealth(false);
  await stage.vpn().untilHealth('unhealthy');
  await until(
    'the restart of the VPN',
    () => [...filter.queries.keys()].some((p) => permits(p, 'POST /containers/{id}/restart')),
    60_000,
  );
  await stage.vpn().untilHealth('healthy');
  await stage.listed(2);
  await stage.quiet();
  expect(filter.refused).toEqual([]);
});

test('none of the documented calls is superfluous', () => {
  const calls = [...documentedCalls()];
  const unused = calls.filter(([call]) => ![...filter.queries.keys()].some((p) => permits(p, call)));
  expect(unused.map(([call]) => call)).toEqual([]);
});

test('the queries are those that the table names', () => {
  for (const [permission, asked] of filter.queries) {
    const [, purpose = ''] = [...documentedCalls()].find(([call]) => permits(permission, call)) ?? [];
    const documented = /query (.*?)(?:[.;]|$)/.exec(purpose)?.[1] ?? '';
    const names = [...documented.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect([permission.path, asked]).toEqual([permission.path, new Set(names)]);
  }
});
