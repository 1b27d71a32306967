import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineJson } from '../../src/api/schemas/engines';
import { until } from '../simulator/until';
import { meanwhile } from './meanwhile';
import { NO_PROXY, Stage } from './stage';
import { steadily } from './steadily';

// Known faults of the old system, each as the promise that Portward does not have it. Each test has a VPN of its own; tests with
// `test.concurrent` run side by side.

const SOURCES = ['label', 'P2P_PORT', 'CONF'] as const;
const PORTS = [40_001, 40_002, 40_003] as const;
const PORT = 65_290;
const NEW_PORT = 40_648;
const WITHOUT_PORT = 3;
const NOT_STOPPING = 4;
const REMOVED_BY_HAND = 5;
const RESTARTED = 6;
const REPLACED_OFTEN = 7;

/** The ids of engines that the old system made: first a forwarded one on each VPN of PORTS, then plain ones on the first VPN. */
const there: string[] = [];
let s: Stage;

beforeAll(async () => {
  s = await Stage.start({
    docker: 'simulated',
    vpns: [
      { port: PORTS[0], release: 'legacy' },
      { port: PORTS[1] },
      { port: PORTS[2], release: 'master' },
      { port: 0 },
      { port: PORT },
      { port: PORT, portGapMs: 1_500 },
      { port: PORT },
      { port: PORT },
    ],
    env: {
      ...NO_PROXY,
      // More engines than this are found, so Portward adds none.
      MIN_REPLICAS: '4',
      GLUETUN_PORT_CACHE_TTL_S: '1',
      ENGINE_GRACE_PERIOD_S: '600',
      PORT_CHANGE_SPACING_MAX_S: '0',
      HEALTH_CHECK_INTERVAL_S: '1',
    },
    engineEnv: { STOP_BEHAVIOUR: 'ignore' },
    before: async (made) => {
      for (const [at, p2pPortIn] of SOURCES.entries()) {
        there.push(await made.addOldEngine({ httpPort: 19_001, p2pPort: PORTS[at] ?? 0, p2pPortIn }, made.vpn(at)));
      }
      for (const httpPort of [19_002, 19_003, 19_004]) there.push(await made.addOldEngine({ httpPort }));
      for (const vpn of [made.vpn(RESTARTED), made.vpn(REPLACED_OFTEN)]) {
        await made.addOldEngine({ httpPort: 19_001, p2pPort: PORT }, vpn);
        await made.addOldEngine({ httpPort: 19_002 }, vpn);
      }
    },
  });
}, 120_000);
afterAll(() => s.clear());

const isListed = (engines: readonly EngineJson[], id: string) => engines.some((e) => e.container_id === id);

async function listedOn(at: number): Promise<EngineJson[]> {
  return (await s.engines()).filter((e) => e.vpn_container === s.vpn(at).name);
}

async function idsOn(...at: number[]): Promise<string[]> {
  const containers = await Promise.all(at.map((index) => s.containers(s.vpn(index))));
  return containers
    .flat()
    .map((c) => c.id)
    .toSorted();
}

/** Records the lists of that VPN's engines that a client gets, until `stop`. */
function recordLists(at: number): { seen: EngineJson[][]; stop: () => Promise<void> } {
  const seen: EngineJson[][] = [];
  return { seen, ...meanwhile(async () => seen.push(await listedOn(at))) };
}

test('engines of the old system are adopted, with their port from label, P2P_PORT or CONF, and not killed', async () => {
  const on = [...SOURCES.keys()];
  for (const at of on) expect((await s.forwarded(PORTS[at] ?? 0, s.vpn(at))).container_id).toBe(there[at]);
  const before = there.toSorted().join();
  await steadily('all of them stay, and none is added', 2_000, async () => (await idsOn(...on)).join() === before);
  expect(await listedOn(0)).toHaveLength(4);
  for (const at of on) expect(await s.replacements(s.vpn(at))).toEqual([]);
});

test('an evicted forwarded engine gets a successor even if more engines run than MIN_REPLICAS', async () => {
  await s.vpn(0).changePort(NEW_PORT);
  const fresh = await s.forwarded(NEW_PORT, s.vpn(0));
  await s.quiet(s.vpn(0));
  expect(await listedOn(0)).toHaveLength(4);
  expect(await idsOn(0)).not.toContain(there[0]);
  expect(there).not.toContain(fresh.container_id);
});

test.concurrent('a port that is 0 at the start is followed when it comes', async () => {
  const before = await until('an engine', async () => {
    const engines = await listedOn(WITHOUT_PORT);
    return engines.length > 0 && engines;
  });
  expect(before.map((e) => e.forwarded)).toEqual([false]);
  await s.vpn(WITHOUT_PORT).changePort(40_649);
  await s.forwarded(40_649, s.vpn(WITHOUT_PORT));
});

test.concurrent(
  'an engine that does not stop is not listed again, and delays neither /engines nor anything else',
  async () => {
    const vpn = s.vpn(NOT_STOPPING);
    const old = await s.forwarded(PORT, vpn);
    await s.quiet(vpn);
    const isThere = async () => (await idsOn(NOT_STOPPING)).includes(old.container_id);
    await vpn.changePort(NEW_PORT);
    await until('the old engine hidden', async () => !isListed(await s.engines(), old.container_id));
    const { seen, stop } = recordLists(NOT_STOPPING);
    await s.portward.untilLog(new RegExp(`Stopping forwarded engine ${old.container_name}`));
    await s.forwarded(NEW_PORT, vpn);
    expect(await isThere()).toBe(true);
    let answers = 0;
    await until('the old engine gone from Docker', async () => {
      // An observation of Docker, which finds the old engine.
      await s.recheck(vpn);
      for (const path of ['/engines', '/vpn/status', `/vpns/${vpn.name}/replacements`]) await s.get(path);
      answers++;
      return !(await isThere());
    });
    await stop();
    // The old system gave its first answer only when the engine was gone.
    expect(answers).toBeGreaterThan(1);
    expect(seen.filter((list) => isListed(list, old.container_id))).toEqual([]);
  },
);

test.concurrent(
  'an engine removed by hand while the port changes is replaced on the new port, never on the old one',
  async () => {
    const vpn = s.vpn(REMOVED_BY_HAND);
    const old = await s.forwarded(PORT, vpn);
    await s.quiet(vpn);
    const known = (await s.replacements(vpn)).map((r) => r.id);
    const change = vpn.changePort(NEW_PORT);
    await until('the port gone at the control server', async () => (await vpn.state()).port === 0);
    await s.simulation.docker.getContainer(old.container_id).remove({ force: true });
    const made = new Set<string>();
    const look = async () => {
      for (const c of await s.containers(vpn)) made.add(c.labels['acestream.p2p_port'] ?? '');
    };
    const watching = meanwhile(look);
    await change;
    await s.forwarded(NEW_PORT, vpn);
    await s.quiet(vpn);
    await watching.stop();
    await look();
    expect([...made].filter((p) => p !== '' && p !== String(PORT))).toEqual([String(NEW_PORT)]);
    const provisioned = (await s.replacements(vpn)).filter((r) => !known.includes(r.id)).map((r) => r.new_port);
    expect(provisioned.filter((p) => p !== null)).toEqual([NEW_PORT]);
  },
);

test.concurrent('engines of a restarted VPN container leave the list before new ones are listed', async () => {
  const vpn = s.vpn(RESTARTED);
  await s.forwarded(PORT, vpn);
  const old = await idsOn(RESTARTED);
  await until('both listed', async () => (await listedOn(RESTARTED)).length === 2);
  const { seen, stop } = recordLists(RESTARTED);
  await vpn.restart();
  await until('the old engines hidden', async () => (await s.engines()).every((e) => !old.includes(e.container_id)));
  await s.forwarded(PORT, vpn);
  await s.quiet(vpn);
  await stop();
  const isOld = (e: EngineJson) => old.includes(e.container_id);
  const firstHidden = seen.findIndex((list) => !list.some(isOld));
  expect(seen.slice(0, firstHidden).filter((list) => !list.every(isOld))).toEqual([]);
  expect(seen.slice(firstHidden).filter((list) => list.some(isOld))).toEqual([]);
  expect((await idsOn(RESTARTED)).filter((id) => old.includes(id))).toEqual([]);
});

test.concurrent('no two engines ever have the same HTTP port, however often they are replaced', async () => {
  const vpn = s.vpn(REPLACED_OFTEN);
  await s.forwarded(PORT, vpn);
  const clashes: string[] = [];
  const looking = meanwhile(async () => {
    const ports = (await s.containers(vpn)).filter((c) => c.running).map((c) => c.labels['acestream.http_port']);
    if (new Set(ports).size < ports.length) clashes.push(ports.join());
    await sleep(50);
  });
  for (let port = NEW_PORT; port < NEW_PORT + 3; port++) {
    await vpn.changePort(port);
    await s.forwarded(port, vpn);
    await s.recheck(vpn);
  }
  await s.quiet(vpn);
  await looking.stop();
  expect(clashes).toEqual([]);
  expect(await idsOn(REPLACED_OFTEN)).toHaveLength(2);
});

test('a restart of Portward leaves every healthy engine as it is', async () => {
  const all = s.vpns.map((_, at) => at);
  const before = await idsOn(...all);
  expect((await s.portward.stop()).code).toBe(0);
  expect((await Promise.all(s.vpns.map((vpn) => s.containers(vpn)))).flat().every((c) => c.running)).toBe(true);
  await s.portward.start();
  await s.listed(before.length);
  await s.forwarded(NEW_PORT, s.vpn(0));
  await steadily('no engine is touched', 2_000, async () => (await idsOn(...all)).join() === before.join());
  expect((await s.engines()).map((e) => e.container_id).toSorted()).toEqual(before);
});
