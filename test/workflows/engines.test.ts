import type { Cause } from '../../src/domain/replacement';
import { provisionEngineUpdate, removeEngineUpdate } from '../../src/workflows/vpn/messages';
import { presentVpn } from '../builders';
import { until } from '../simulator/until';
import { builtWorkflowsWith } from './built-workflows';
import { problemOf } from '../../src/workflows/vpn/report/problems';
import { TemporalBench, type VpnStand } from './bench';

// Reasons other than a port change for which engines are replaced, removed or have to wait, each once on a real Temporal server.

let bench: TemporalBench;

beforeAll(async () => {
  // So that the container of an engine that nobody has asked for is reported soon, too.
  bench = await TemporalBench.start({ workflowBundle: builtWorkflowsWith({ REPORT_AFTER_MS: 300 }) });
});
afterAll(() => bench.stop());

/** Short, as real time passes here. */
const brisk = { evictionGraceMs: 300, targetEngines: 2 };

/** Two engines that answer, the first one forwarded. */
async function atRest(stand: VpnStand) {
  await stand.start();
  await stand.untilForwarded(40_000);
  await stand.untilState('two engines', (s) => s.engines.filter((e) => e.ready).length === 2);
  const { engines } = await stand.untilQuiet();
  const [forwarded, plain] = [...engines].toSorted((a, b) => Number(a.p2pPort === null) - Number(b.p2pPort === null));
  if (!forwarded || !plain) throw new Error('two engines were expected');
  return { forwarded, plain };
}

/** Resolves when two other engines than those are listed, with what was replaced, and why. */
async function replaced(stand: VpnStand, lost: readonly string[]): Promise<Cause[]> {
  const { replacements } = await stand.untilState(
    'two engines without the lost ones',
    (s) =>
      s.engines.filter((e) => e.ready && !lost.includes(e.id)).length === 2 &&
      s.replacements.every((r) => r.state !== 'running') &&
      s.evicted.length === 0,
  );
  expect(stand.engines.size).toBe(2);
  return replacements.filter((r) => r.old.some((e) => lost.includes(e.id))).map((r) => r.cause);
}

const change = (stand: VpnStand, id: string, changed: object) => {
  const engine = stand.engines.get(id);
  if (engine) stand.engines.set(id, { ...engine, ...changed });
};

test.concurrent('an engine whose process has ended is replaced', () =>
  bench.with(async (stand) => {
    const { forwarded } = await atRest(stand);
    change(stand, forwarded.id, { running: false, startedAt: null });
    expect(await replaced(stand, [forwarded.id])).toEqual(['engine died']);
    await stand.untilForwarded(40_000);
  }, brisk),
);

test.concurrent('an engine whose API fails is replaced', () =>
  bench.with(async (stand) => {
    const { plain } = await atRest(stand);
    change(stand, plain.id, { health: 'unhealthy' });
    expect(await replaced(stand, [plain.id])).toEqual(['engine unhealthy']);
  }, brisk),
);

test.concurrent('of two forwarded engines the one that does not answer is removed, and the other one stays', () =>
  bench.with(async (stand) => {
    const { forwarded } = await atRest(stand);
    const there = stand.engines.get(forwarded.id);
    if (!there) throw new Error('the forwarded engine was expected');
    const id = 'left-over'.padEnd(64, '0');
    const ports = { httpPort: 19_008, httpsPort: 45_008 };
    stand.engines.set(id, { ...there, ...ports, id, name: 'left_over', labels: {}, health: 'unhealthy' });
    await until('it gone', () => !stand.engines.has(id));
    await stand.untilQuiet();
    expect([...stand.engines.keys()]).toContain(forwarded.id);
    expect(stand.engines.size).toBe(2);
  }, brisk),
);

test.concurrent("engines that lost their network with their VPN's container are replaced", () =>
  bench.with(async (stand) => {
    const { forwarded, plain } = await atRest(stand);
    if (stand.vpn.kind === 'present') stand.vpn = { ...stand.vpn, id: 'vpn-2', startedAt: Date.now() };
    expect(await replaced(stand, [forwarded.id, plain.id])).toEqual(['VPN re-created', 'VPN re-created']);
  }, brisk),
);

test.concurrent("engines are removed with their VPN's container, and come back with a new one", () =>
  bench.with(async (stand) => {
    const { forwarded, plain } = await atRest(stand);
    stand.vpn = { kind: 'absent' };
    const { replacements } = await stand.untilState(
      'no engine',
      (s) => s.engines.length === 0 && s.evicted.length === 0,
    );
    const removals = replacements.filter((r) => r.target === null);
    expect(removals.map((r) => r.cause)).toEqual(['VPN removed', 'VPN removed']);
    expect(new Set(removals.map((r) => r.old[0]?.id))).toEqual(new Set([forwarded.id, plain.id]));
    stand.vpn = presentVpn({ id: 'vpn-2', startedAt: Date.now() });
    const again = await stand.untilState('two engines', (s) => s.engines.filter((e) => e.ready).length === 2);
    expect(again.replacements.slice(-2).map((r) => r.cause)).toEqual(['VPN re-created', 'VPN re-created']);
    await stand.untilQuiet();
  }, brisk),
);

test.concurrent('an engine whose HTTP port becomes the forwarded port makes room for the forwarded engine', () =>
  bench.with(
    async (stand) => {
      stand.port = { kind: 'unknown', forMs: 0, reason: 'none so far', none: true };
      await stand.start();
      const { engines } = await stand.untilState(
        'two plain engines',
        (s) => s.engines.every((e) => e.ready) && s.engines.length === 2,
      );
      const [holder] = engines;
      const port = holder?.httpPort ?? 0;
      stand.port = { kind: 'known', port };
      const { replacements } = await stand.untilForwarded(port);
      expect(replacements.filter((r) => r.old.length > 0).map((r) => [r.cause, r.old[0]?.id])).toEqual([
        ['port conflict', holder?.id],
      ]);
      await stand.untilQuiet();
      expect([...stand.engines.keys()]).not.toContain(holder?.id);
    },
    { ...brisk, portCacheTtlMs: 0 },
  ),
);

test.concurrent('an image that is missing is pulled before any engine is made', () =>
  bench.with(
    async (stand) => {
      stand.imagePresent = false;
      await atRest(stand);
      const [pulled, created] = ['pullImage', 'createEngine'].map((call) =>
        stand.calls.findIndex((made) => made.startsWith(call)),
      );
      expect(pulled).toBeGreaterThanOrEqual(0);
      expect(pulled).toBeLessThan(created ?? 0);
    },
    { ...brisk, pullPolicy: 'missing' },
  ),
);

test.concurrent(
  'a taken forwarded port is reported with its holder, and the engine comes up once the port is free',
  () =>
    bench.with(async (stand) => {
      stand.taken = { ports: [40_000], by: "container 'torrent'" };
      await stand.start();
      const state = await stand.untilState(
        'plain engines and a problem',
        (s) => problemOf(s) !== null && s.engines.filter((e) => e.ready).length === 2,
      );
      expect(problemOf(state)).toMatch(/^port 40000 is taken in the network of VPN '.*', by container 'torrent'/);
      expect(state.engines.map((e) => e.role)).toEqual(['plain', 'plain']);
      stand.taken = null;
      const { breakers } = await stand.untilForwarded(40_000);
      expect(breakers.forwarded.general.failures).toBe(0);
      await stand.untilState('no problem any more', (s) => problemOf(s) === null);
    }, brisk),
);

/** The container of the engine that is being brought up for that cause. */
async function booting(stand: VpnStand, cause: string): Promise<{ readonly id: string; readonly name: string }> {
  const state = await stand.untilState(`a container (${cause})`, (s) =>
    s.replacements.some((r) => r.cause === cause && r.made !== null),
  );
  const made = state.replacements.findLast((r) => r.cause === cause)?.made;
  if (!made) throw new Error(`no container was made for ${cause}`);
  return made;
}

test.concurrent(
  'a requested engine that is removed while it boots does not come back, and a repeated removal finds it done',
  () =>
    bench.with(
      async (stand) => {
        await stand.start();
        await stand.untilForwarded(40_000);
        stand.engineAnswers = false;
        await stand.handle.executeUpdate(provisionEngineUpdate, {
          args: [{ requestId: 'provision-1', labels: {}, sealedEnv: null, httpPort: null }],
        });
        const { id, name } = await booting(stand, 'requested');

        const removed = await stand.handle.executeUpdate(removeEngineUpdate, { args: [{ engine: name }] });
        expect(removed).toMatchObject({ cause: 'requested', target: null });
        const again = await stand.handle.executeUpdate(removeEngineUpdate, { args: [{ engine: id }] });
        expect(again.id).toBe(removed.id);

        stand.engineAnswers = true;
        await stand.untilQuiet();
        const state = await stand.untilState('nothing evicted any more', (s) => s.evicted.length === 0);
        expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_000]);
        expect(state.engines.map((e) => e.p2pPort)).toEqual([40_000]);
        expect(state.replacements.map((r) => [r.cause, r.state])).toEqual([
          ['first engine', 'completed'],
          ['requested', 'completed'],
        ]);
      },
      { ...brisk, targetEngines: 1 },
    ),
);

test.concurrent(
  'a forwarded engine that is removed while it boots is made anew, and its replacement releases the old one',
  () =>
    bench.with(
      async (stand) => {
        await stand.start();
        const before = await stand.untilForwarded(40_000);
        stand.engineAnswers = false;
        stand.port = { kind: 'known', port: 40_001 };
        const { id } = await booting(stand, 'port changed');
        await stand.handle.executeUpdate(removeEngineUpdate, { args: [{ engine: id }] });
        const anew = await booting(stand, 'removed');
        expect(anew.id).not.toBe(id);
        stand.engineAnswers = true;
        await stand.untilForwarded(40_001);
        await stand.untilQuiet();
        expect([...stand.engines.keys()]).toEqual([anew.id]);
        const [old] = before.engines;
        expect(stand.calls).toContain(`releaseEngine ${old?.name}`);
      },
      { ...brisk, targetEngines: 1 },
    ),
);
