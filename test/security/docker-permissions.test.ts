// Portward behind a filtering proxy that permits exactly the calls in docs/guides/limit-docker.md.
import type { SimulatedVpn } from '../../simulator/vpn-container';
import type { EngineJson } from '../../src/api/schemas/engines';
import { lane } from '../program/lane';
import { NO_PROXY, Stage } from '../program/stage';
import { until } from '../simulator/until';
import { DockerFilter } from './docker-filter';
import { documentedCalls, documentedPermissions, type Permission } from './docker-permissions';

const permissions = documentedPermissions();
let filter: DockerFilter;
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.inMemory();
  filter = new DockerFilter(permissions, stage.dockerAddress);
  await filter.open();
  await stage.addVpns([{ port: 65_290 }, { port: 65_291 }]);
  await Promise.all(stage.vpns.map((vpn) => vpn.untilHealth('healthy')));
  await stage.startPortward({
    ...NO_PROXY,
    DOCKER_HOST: filter.address,
    CONTAINER_REACH: 'network',
    // Pulls the image, which is one of the calls.
    PULL_POLICY: 'always',
    MIN_REPLICAS: '4',
    VPN_UNHEALTHY_RESTART_TIMEOUT_S: '2',
  });
  await stage.listed(4);
  for (const vpn of stage.vpns) await stage.quiet(vpn);
});
afterAll(async () => {
  await stage?.clear();
  await filter?.close();
});

/** An example of a documented call such as `GET /containers/{name}/json`, with a value instead of the braces. */
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

test('the list of calls and the settings of the filtering proxy agree', () => {
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

/** A VPN's forwarded engine and one of its plain ones; it may have more while the other VPN is down. */
async function enginesOf(vpn: SimulatedVpn): Promise<{ forwarded: EngineJson; plain: EngineJson }> {
  return until(`two engines on ${vpn.name}`, async () => {
    const engines = (await stage.engines()).filter((e) => e.vpn_container === vpn.name);
    const [forwarded, plain] = [true, false].map((is) => engines.find((e) => e.forwarded === is));
    return forwarded && plain ? { forwarded, plain } : null;
  });
}

/** Resolves when the engine's container is gone and the VPN has both kinds of engines again. */
async function replaced(old: EngineJson, vpn: SimulatedVpn): Promise<void> {
  await until(
    `${old.container_name} replaced`,
    async () => (await stage.containers(vpn)).every((c) => c.id !== old.container_id),
    60_000,
  );
  await enginesOf(vpn);
  await stage.quiet(vpn);
}

describe('with the documented calls alone', () => {
  test.concurrent('a port change, a forced replacement and a restarted VPN are handled', async () => {
    const vpn = stage.vpn(0);
    const first = await enginesOf(vpn);
    await vpn.changePort(40_648);
    await stage.forwarded(40_648, vpn);
    await replaced(first.forwarded, vpn);

    const second = await enginesOf(vpn);
    expect((await stage.replace(undefined, {}, vpn)).status).toBe(202);
    await replaced(second.forwarded, vpn);

    const third = await enginesOf(vpn);
    await vpn.restart();
    await replaced(third.forwarded, vpn);
    await replaced(third.plain, vpn);
  });

  const onSecond = lane();

  test.concurrent(
    'the last output of a dead engine is read, and the engine is replaced',
    onSecond(async () => {
      const vpn = stage.vpn(1);
      const { plain } = await enginesOf(vpn);
      await stage.simulation.docker.getContainer(plain.container_id).kill();
      await replaced(plain, vpn);
      const reasons = (await stage.replacements(vpn)).map((r) => r.reason);
      expect(reasons).toContainEqual(expect.stringMatching(/exit code 137/));
    }),
  );

  test.concurrent(
    'an engine that is no longer wanted before it has come up is removed',
    onSecond(async () => {
      const vpn = stage.vpn(1);
      // A second change before the new engine answers leaves a container that Portward removes by its name.
      await vpn.changePort(50_001);
      await stage.portward.untilLog(/new engine with port 50001/);
      await vpn.changePort(50_002);
      await stage.forwarded(50_002, vpn);
      await stage.quiet(vpn);
      const ports = (await stage.containers(vpn)).map((c) => c.labels['acestream.p2p_port']);
      expect(ports.filter((port) => port !== undefined)).toEqual(['50002']);
    }),
  );

  test.concurrent(
    'a VPN that stays unhealthy is restarted',
    onSecond(async () => {
      const vpn = stage.vpn(1);
      const { forwarded } = await enginesOf(vpn);
      await vpn.setHealth(false);
      await replaced(forwarded, vpn);
      const { remedy } = await stage.statusOf(vpn);
      expect(remedy).toMatchObject({ kind: 'restart container', error: null });
    }),
  );

  test('no other call is made', () => {
    expect(filter.refused).toEqual([]);
  });
});

test('none of the documented calls is superfluous', () => {
  const calls = [...documentedCalls()];
  const unused = calls.filter(([call]) => ![...filter.queries.keys()].some((p) => permits(p, call)));
  expect(unused.map(([call]) => call)).toEqual([]);
});

test('the queries are those that the list names', () => {
  for (const [permission, asked] of filter.queries) {
    const [, purpose = ''] = [...documentedCalls()].find(([call]) => permits(permission, call)) ?? [];
    const documented = /query (.*?)(?:[.;]|$)/.exec(purpose)?.[1] ?? '';
    const names = [...documented.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect([permission.path, asked]).toEqual([permission.path, new Set(names)]);
  }
});
