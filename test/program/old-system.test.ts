import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineJson } from '../../src/api/schemas';
import { until } from '../simulator/until';
import { DockerGate } from './docker-gate';
import { meanwhile } from './meanwhile';
import { Stage } from './stage';
import { steadily } from './steadily';

// What the system before Portward was seen to get wrong with real containers, each as a promise of its opposite.

const isListed = (engines: readonly EngineJson[], id: string) => engines.some((e) => e.container_id === id);

/** Every list that a client gets until it is told to stop. */
function recordLists(on: Stage): { stop: () => Promise<EngineJson[][]> } {
  const lists: EngineJson[][] = [];
  const recording = meanwhile(async () => {
    lists.push(await on.engines());
  });
  return {
    stop: async () => {
      await recording.stop();
      return lists;
    },
  };
}

describe('with engines that run already, and control servers of three releases', () => {
  const sources = ['label', 'P2P_PORT', 'CONF'] as const;
  const ports = [40_001, 40_002, 40_003] as const;
  /** First those that are forwarded, one on each VPN, then plain ones on the first. */
  const there: string[] = [];
  let s: Stage;

  beforeAll(async () => {
    s = await Stage.start({
      vpns: [
        { port: ports[0], release: 'legacy' },
        { port: ports[1] },
        { port: ports[2], release: 'master' },
        { port: 0 },
      ],
      env: { MIN_REPLICAS: '4', GLUETUN_PORT_CACHE_TTL_S: '1', ENGINE_GRACE_PERIOD_S: '600' },
      before: async (made) => {
        for (const [at, p2pPortIn] of sources.entries()) {
          there.push(await made.addOldEngine({ httpPort: 19_001, p2pPort: ports[at] ?? 0, p2pPortIn }, made.vpn(at)));
        }
        for (const httpPort of [19_002, 19_003, 19_004]) there.push(await made.addOldEngine({ httpPort }));
      },
    });
  });
  afterAll(() => s.clear());

  const listedOn = async (at: number) => (await s.engines()).filter((e) => e.vpn_container === s.vpn(at).name);

  test('they are adopted, with their port from label, P2P_PORT or CONF, and not killed', async () => {
    for (const at of sources.keys()) {
      expect((await s.forwarded(ports[at] ?? 0, s.vpn(at))).container_id).toBe(there[at]);
    }
    await steadily('all of them stay, and none is added', 2_000, async () => {
      const now = (await Promise.all(sources.map((_, at) => s.containers(s.vpn(at))))).flat();
      return (
        now
          .map((c) => c.id)
          .toSorted()
          .join() === there.toSorted().join()
      );
    });
    expect(await listedOn(0)).toHaveLength(4);
    for (const at of sources.keys()) expect(await s.replacements(s.vpn(at))).toEqual([]);
  });

  test('an evicted forwarded engine comes back even where more engines run than MIN_REPLICAS asks for', async () => {
    await s.vpn(0).changePort(40_648);
    const fresh = await s.forwarded(40_648, s.vpn(0));
    await s.quiet(s.vpn(0));
    expect(await listedOn(0)).toHaveLength(4);
    expect((await s.containers(s.vpn(0))).map((c) => c.id)).not.toContain(there[0]);
    expect(there).not.toContain(fresh.container_id);
  });

  test('a port that is 0 at the start is followed when it comes', async () => {
    const before = await until('an engine', async () => {
      const engines = await listedOn(3);
      return engines.length > 0 && engines;
    });
    expect(before.map((e) => e.forwarded)).toEqual([false]);
    await s.vpn(3).changePort(40_649);
    await s.forwarded(40_649, s.vpn(3));
  });
});

describe('with three engines', () => {
  let s: Stage;
  let gate: DockerGate;
  let port = 65_290;

  /** Resolves when the VPN has the new port. */
  async function changed(): Promise<void> {
    port = port === 65_290 ? 40_648 : port + 1;
    await s.vpn().changePort(port);
  }

  beforeAll(async () => {
    gate = await DockerGate.open();
    s = await Stage.start({
      vpns: [{ portGapMs: 1_500 }],
      env: {
        DOCKER_HOST: gate.address,
        MIN_REPLICAS: '3',
        GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
        PORT_CHANGE_SPACING_MAX_S: '0',
      },
    });
  });
  beforeEach(async () => {
    gate.rule = () => null;
    await s.forwarded(port);
    await s.listed(3);
    await s.quiet();
  });
  afterAll(async () => {
    await s.clear();
    await gate.shut();
  });

  test('an engine that Docker neither stops nor removes does not come back, is told of, and is tried until it is gone', async () => {
    const old = await s.forwarded(port);
    gate.rule = (method, path) =>
      path.includes(old.container_id) && method !== 'GET' ? { status: 500, message: 'dataset is busy' } : null;
    await changed();
    const isTold = async () => {
      const { problem } = await s.statusOf();
      return problem?.includes(`Docker does not remove engine ${old.container_name}`) === true ? problem : null;
    };
    expect(await until('the problem', isTold, 30_000)).toMatch(/dataset is busy. It still runs;.*docker rm -f/);
    await s.forwarded(port);
    expect(isListed(await s.engines(), old.container_id)).toBe(false);

    gate.rule = () => null;
    await s.quiet();
    expect(await s.containers()).toHaveLength(3);
    expect(isListed(await s.engines(), old.container_id)).toBe(false);
    // What Docker said last is told until the next look has found the engine gone.
    await until('no problem any more', async () => (await s.statusOf()).problem === null);
  });

  test('an engine removed by hand while the port changes is replaced on the new port, never on the old one', async () => {
    const former = port;
    const old = await s.forwarded(former);
    const known = (await s.replacements()).map((r) => r.id);
    const change = changed();
    await until('the port gone at the control server', async () => (await s.vpn().state()).port === 0);
    await s.simulation.docker.getContainer(old.container_id).remove({ force: true });
    const made: string[] = [];
    const watching = until('the new engine', async () => {
      for (const c of await s.containers()) made.push(c.labels['acestream.p2p_port'] ?? '');
      return (await s.engines()).find((e) => e.p2p_port === port);
    });
    await change;
    await watching;
    await s.quiet();
    expect(made.filter((p) => p !== '' && p !== String(former))).not.toEqual([]);
    expect(new Set(made.filter((p) => p !== '' && p !== String(former)))).toEqual(new Set([String(port)]));
    const provisioned = (await s.replacements()).filter((r) => !known.includes(r.id)).map((r) => r.new_port);
    expect(provisioned.filter((p) => p !== null)).toEqual([port]);
  });

  test('engines of a VPN container that was restarted leave the list before others are in it, and new ones come', async () => {
    const old = (await s.engines()).map((e) => e.container_id);
    const lists = recordLists(s);
    await s.vpn().restart();
    await until('the old engines hidden', async () => (await s.engines()).every((e) => !old.includes(e.container_id)));
    await s.forwarded(port);
    await s.listed(3);
    await s.quiet();
    const seen = await lists.stop();
    const isOld = (e: EngineJson) => old.includes(e.container_id);
    const firstHidden = seen.findIndex((list) => !list.some(isOld));
    expect(seen.slice(0, firstHidden).filter((list) => !list.every(isOld))).toEqual([]);
    expect(seen.slice(firstHidden).filter((list) => list.some(isOld))).toEqual([]);
    expect((await s.containers()).filter((c) => old.includes(c.id))).toEqual([]);
  });

  test('no two engines ever have the same HTTP port, however often they are replaced', async () => {
    const clashes: string[] = [];
    const looking = meanwhile(async () => {
      const ports = (await s.containers()).filter((c) => c.running).map((c) => c.labels['acestream.http_port']);
      if (new Set(ports).size < ports.length) clashes.push(ports.join());
      await sleep(50);
    });
    for (let times = 0; times < 3; times++) {
      await changed();
      await s.forwarded(port);
      await s.recheck();
    }
    await s.quiet();
    await looking.stop();
    expect(clashes).toEqual([]);
    expect(await s.containers()).toHaveLength(3);
  });

  test('a restart of Portward leaves every healthy engine as it is', async () => {
    const before = (await s.containers()).map((c) => c.id).toSorted();
    expect((await s.portward.stop()).code).toBe(0);
    expect((await s.containers()).filter((c) => c.running)).toHaveLength(3);
    await s.portward.start();
    await s.forwarded(port);
    await steadily('no engine is touched', 2_000, async () => {
      const now = (await s.containers()).map((c) => c.id).toSorted();
      return now.join() === before.join();
    });
    expect((await s.engines()).map((e) => e.container_id).toSorted()).toEqual(before);
  });
});

describe('with engines that do not stop when they are told to', () => {
  let s: Stage;

  beforeAll(async () => {
    s = await Stage.start({ engineEnv: { STOP_BEHAVIOUR: 'ignore' }, env: { STOP_TIMEOUT_S: '10' } });
  });
  afterAll(() => s.clear());

  test('looking at Docker again does not bring back an engine that was evicted and is still stopping', async () => {
    const old = await s.forwarded(65_290);
    const change = s.vpn().changePort(40_648);
    await until('the old engine hidden', async () => !isListed(await s.engines(), old.container_id));
    await change;
    const lists = recordLists(s);
    await until('the old engine gone from Docker', async () => {
      await s.recheck();
      return !(await s.containers()).some((c) => c.id === old.container_id);
    });
    const seen = await lists.stop();
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((list) => isListed(list, old.container_id))).toEqual([]);
    await s.forwarded(40_648);
  });

  test('a stop that takes 10 s holds up neither /engines nor anything else', async () => {
    await s.quiet();
    const old = await s.forwarded(40_648);
    const from = s.portward.logLines.length;
    await s.vpn().changePort(40_649);
    await s.portward.untilLog(/Stopping forwarded engine/, { from });
    await s.forwarded(40_649);
    expect((await s.containers()).map((c) => c.id)).toContain(old.container_id);
    let answers = 0;
    await until(
      'the old engine gone',
      async () => {
        for (const path of ['/engines', '/vpn/status', `/vpns/${s.vpn().name}/replacements`]) {
          await s.get(path);
          answers++;
        }
        return !(await s.containers()).some((c) => c.id === old.container_id);
      },
      30_000,
    );
    // The old system's first answer came when the engine was gone.
    expect(answers).toBeGreaterThan(10);
  });
});
