import { EnginesWatch } from '../../simulator/engines-watch';
import type { ProxyEngine } from '../../simulator/proxy-engine';
import { until } from '../simulator/until';
import { NO_PROXY, Stage } from './stage';
import { steadily } from './steadily';

// Engines of a VPN that goes away and comes back.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({
    docker: 'simulated',
    env: { ...NO_PROXY, MIN_REPLICAS: '3', VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0' },
  });
  await stage.forwarded(65_290);
  await stage.listed(3);
  await stage.quiet();
}, 60_000);

afterAll(() => stage.clear());

async function ids(): Promise<string[]> {
  return (await stage.containers()).map((c) => c.id).toSorted();
}

function problem(says: RegExp): Promise<unknown> {
  return until(`a problem like ${String(says)}`, async () => says.test((await stage.statusOf()).problem ?? ''));
}

test('the same port after a reconnection, with no port in between: nothing is replaced, and the engine is forwarded again', async () => {
  const before = await ids();
  const known = (await stage.replacements()).length;
  await stage.vpn().stopVpn();
  await until('no port in between', async () => (await stage.statusOf()).port_problem !== null);
  await stage.vpn().runVpn();
  await until('no problem with the port', async () => (await stage.statusOf()).port_problem === null);
  await stage.portReadAgain();
  await stage.recheck();
  await stage.forwarded(65_290);
  expect(await ids()).toEqual(before);
  expect(await stage.replacements()).toHaveLength(known);
});

test('a change that brings the same port: nothing is replaced, and the engine stays forwarded', async () => {
  const before = await ids();
  const known = (await stage.replacements()).length;
  const { container_id: engine } = await stage.forwarded(65_290);
  await stage.vpn().repeatPorts();
  await stage.portReadAgain();
  await stage.recheck();
  expect((await stage.forwarded(65_290)).container_id).toBe(engine);
  expect(await ids()).toEqual(before);
  expect(await stage.replacements()).toHaveLength(known);
});

test('with VPN_UNHEALTHY_RESTART_TIMEOUT_S=0 a VPN that is unhealthy is left alone', async () => {
  const { containerId } = stage.vpn();
  const startedAt = async () => (await stage.simulation.docker.getContainer(containerId).inspect()).State.StartedAt;
  const before = await startedAt();
  await stage.vpn().setHealth(false);
  await stage.listed(0);
  await steadily('no remedy', 1_500, async () => (await stage.statusOf()).remedy === null);
  expect(await startedAt()).toBe(before);
});

test('after an outage the engines are replaced one by one, the forwarded one first, and the list is never empty', async () => {
  const before = await ids();
  const known = (await stage.replacements()).length;
  await stage.listed(0);
  await stage.vpn().setHealth(true);
  // The first engine is evicted at once, so all three are listed only for a moment.
  await until('engines in the list', async () => (await stage.engines()).length >= 2);
  const lists: (readonly ProxyEngine[])[] = [];
  const watch = new EnginesWatch(stage.portward.url, (engines) => lists.push(engines));
  stage.onClear(() => watch.stop());
  await until(
    'three replacements',
    async () => {
      const replacements = await stage.replacements();
      return replacements.length === known + 3 && replacements.every((r) => r.state === 'completed');
    },
    60_000,
  );
  await watch.stop();

  const made = (await stage.replacements()).slice(0, 3).toReversed();
  expect(made.map((r) => [r.cause, r.old_port])).toEqual([
    ['VPN reconnected', 65_290],
    ['VPN reconnected', null],
    ['VPN reconnected', null],
  ]);
  const [first, second, third] = made;
  expect(Date.parse(second?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.ready_at ?? ''));
  expect(Date.parse(third?.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(second?.ready_at ?? ''));
  expect(Math.min(...lists.map((list) => list.length))).toBeGreaterThanOrEqual(2);
  expect((await ids()).filter((id) => before.includes(id))).toEqual([]);
  await stage.forwarded(65_290);
  await stage.listed(3);
}, 120_000);

test('the container stopped: its engines are hidden and kept, and new ones take their place when it is started again', async () => {
  const before = await ids();
  const vpn = stage.vpn();
  await vpn.stop();
  await problem(/is not running/);
  await stage.listed(0);
  expect(await ids()).toEqual(before);
  await vpn.start();
  await stage.forwarded(65_290);
  await stage.listed(3);
  await stage.quiet();
  const now = await ids();
  expect(now).toHaveLength(3);
  expect(now.filter((id) => before.includes(id))).toEqual([]);
  expect((await stage.statusOf()).problem).toBeNull();
});

test('the container removed, and made anew on another port: engines are hidden, then removed, and made again in its network', async () => {
  const before = await ids();
  const vpn = stage.vpn();
  await vpn.setNextPort(40_648);
  await vpn.remove();
  await problem(/not found: start it/);
  await stage.listed(0);
  expect(await ids()).toEqual(before);
  await vpn.recreate();
  await stage.forwarded(40_648);
  await stage.listed(3);
  await stage.quiet();
  expect((await stage.replacements()).slice(0, 3).map((r) => r.cause)).toEqual(Array(3).fill('VPN re-created'));
  const now = await ids();
  expect(now).toHaveLength(3);
  expect(now.filter((id) => before.includes(id))).toEqual([]);
  for (const id of now) {
    const { HostConfig } = await stage.simulation.docker.getContainer(id).inspect();
    expect(HostConfig.NetworkMode).toBe(`container:${vpn.containerId}`);
  }
});
