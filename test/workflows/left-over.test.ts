import { replaceEngineUpdate } from '../../src/workflows/messages';
import { started } from '../streams/events';
import { until } from '../simulator/until';
import { TemporalBench, type VpnStand } from './bench';

// Containers that Docker does not remove, on a real Temporal server.

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

/** Short, as real time passes here. */
const brisk = { evictionGraceMs: 300 };

const isTold = (stand: VpnStand, name: string) =>
  stand.untilState('the problem', (s) => s.problem?.includes(`Docker does not remove engine ${name}`) === true);

const allWell = (stand: VpnStand) =>
  stand.untilState(
    'nothing left over',
    (s) => s.problem === null && s.evicted.length === 0 && s.replacements.every((r) => r.state !== 'running'),
  );

test.concurrent(
  'a forwarded engine that Docker stops and does not remove keeps no other one from its port',
  () =>
    bench.with(async (stand) => {
      await stand.start();
      const [old] = (await stand.untilForwarded(40_000)).engines;
      if (!old) throw new Error('an engine was expected');
      await stand.handle.signal('streams', [started('played', { containerId: old.id })]);
      stand.refused.add('removeEngine');
      await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ reason: 'test' }] });
      await stand.untilState('the new engine', (s) => s.engines.some((e) => e.p2pPort === 40_000 && e.id !== old.id));
      expect(stand.engines.has(old.id)).toBe(true);

      // The replacement ends, and another one stays with what is left.
      const { problem, replacements } = await isTold(stand, old.name);
      expect(problem).toMatch(/dataset is busy. It is stopped;.*docker rm -f/);
      expect(replacements.find((r) => r.cause === 'forced')?.readyAt).not.toBeNull();
      await stand.untilState('one at work on it', (s) => {
        const running = s.replacements.filter((r) => r.state === 'running');
        return running.length === 1 && running[0]?.cause === 'left over' && running[0].old[0]?.id === old.id;
      });
      expect((await stand.streams()).find((s) => s.id === 'played')?.endedAt).not.toBeNull();
      expect((await stand.listed()).map((e) => e.id)).not.toContain(old.id);

      stand.refused.clear();
      await until('it gone', () => !stand.engines.has(old.id), 60_000);
      await allWell(stand);
    }, brisk),
  90_000,
);

test.concurrent('an engine whose restart policy can not be changed, and that can not be stopped, is removed', () =>
  bench.with(async (stand) => {
    await stand.start();
    const [old] = (await stand.untilForwarded(40_000)).engines;
    stand.refused.add('evictEngine').add('stopEngine');
    stand.port = { kind: 'known', port: 40_001 };
    await stand.untilForwarded(40_001);
    await stand.untilQuiet();
    expect([...stand.engines.values()].map((e) => [e.p2pPort, e.id === old?.id])).toEqual([[40_001, false]]);
  }, brisk),
);

test.concurrent(
  'an engine that Docker neither stops nor removes holds up only who needs its port, and is told to run',
  () =>
    bench.with(async (stand) => {
      await stand.start();
      const [old] = (await stand.untilForwarded(40_000)).engines;
      stand.refused.add('evictEngine').add('stopEngine').add('removeEngine');
      await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ reason: 'test' }] });
      expect((await isTold(stand, old?.name ?? '')).problem).toMatch(/It still runs/);
      expect(stand.targets).toHaveLength(1);
      // On another port it is in nobody's way.
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      stand.refused.clear();
      await until('it gone', () => !stand.engines.has(old?.id ?? ''), 60_000);
      await allWell(stand);
    }, brisk),
  90_000,
);

test.concurrent(
  'a new engine that does not answer and can not be removed leaves the next attempt its ports, not its name',
  () =>
    bench.with(async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
      stand.failing = { activity: 'awaitEngine', message: 'no answer', nonRetryable: true };
      stand.refused.add('removeEngine');
      stand.port = { kind: 'known', port: 40_001 };
      const left = await until('a failed engine', () => [...stand.engines.values()].find((e) => e.p2pPort === 40_001));
      await isTold(stand, left.name);
      stand.failing = null;
      const after = await stand.untilForwarded(40_001);
      expect(after.engines.map((e) => e.id)).not.toContain(left.id);
      stand.refused.clear();
      await until('it gone', () => !stand.engines.has(left.id), 60_000);
      await allWell(stand);
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
    }, brisk),
  90_000,
);
