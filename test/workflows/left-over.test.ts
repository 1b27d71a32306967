import { replaceEngineUpdate, streamsSignal } from '../../src/workflows/vpn/messages';
import { hasUsableSnapshot } from '../../src/workflows/vpn/data';
import { started } from '../stream-events';
import { until } from '../simulator/until';
import { builtWorkflowsWith } from './built-workflows';
import { problemOf } from '../../src/workflows/vpn/report/problems';
import { TemporalBench, type VpnStand } from './bench';

// Containers that are left over, since Docker does not remove them or their replacement was terminated, on a real Temporal server.

/** After these times a replacement leaves a container, a removal is tried again, and a VPN asks whether a replacement still runs. */
const TIMES = { LEFT_AFTER_MS: 1_500, LEFT_OVER_PAUSE_MS: 2_000, ASK_AGAIN_MS: 2_000 };

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start({ workflowBundle: builtWorkflowsWith(TIMES) });
});
afterAll(() => bench.stop());

/** Short, as real time passes here. */
const brisk = { evictionGraceMs: 300 };

const isTold = (stand: VpnStand, name = '') =>
  stand.untilState(
    'the problem',
    (s) => hasUsableSnapshot(s) && problemOf(s)?.includes(`Docker does not remove engine ${name}`) === true,
  );

const allWell = (stand: VpnStand) =>
  stand.untilState(
    'nothing left over',
    (s) => problemOf(s) === null && s.evicted.length === 0 && s.replacements.every((r) => r.state !== 'running'),
  );

test.concurrent('a forwarded engine that Docker stops and does not remove keeps no other engine from its port', () =>
  bench.with(async (stand) => {
    const [old] = (await stand.startForwarded()).engines;
    if (!old) throw new Error('an engine was expected');
    await stand.handle.signal(streamsSignal, [started('played', { containerId: old.id })]);
    stand.refused.add('remove');
    await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ reason: 'test' }] });
    await stand.untilState('the new engine', (s) => s.engines.some((e) => e.p2pPort === 40_000 && e.id !== old.id));
    expect(stand.engines.has(old.id)).toBe(true);

    // The replacement ends, and another one goes on with the container.
    const told = await isTold(stand, old.name);
    expect(problemOf(told)).toMatch(/dataset is busy. It is stopped;.*docker rm -f/);
    expect(told.replacements.find((r) => r.cause === 'forced')?.readyAt).not.toBeNull();
    await stand.untilState('one at work on it', (s) => {
      const running = s.replacements.filter((r) => r.state === 'running');
      return running.length === 1 && running[0]?.cause === 'left over' && running[0].old[0]?.id === old.id;
    });
    expect((await stand.streams()).find((s) => s.id === 'played')?.endedAt).not.toBeNull();
    expect((await stand.listed()).map((e) => e.id)).not.toContain(old.id);

    stand.refused.clear();
    await until('it gone', () => !stand.engines.has(old.id));
    await allWell(stand);
  }, brisk),
);

test.concurrent('an engine whose restart policy can not be changed, and that can not be stopped, is removed', () =>
  bench.with(async (stand) => {
    const [old] = (await stand.startForwarded()).engines;
    stand.refused.add('evict').add('stop');
    stand.port = { kind: 'known', port: 40_001 };
    await stand.untilForwarded(40_001);
    await stand.untilQuiet();
    expect([...stand.engines.values()].map((e) => [e.p2pPort, e.id === old?.id])).toEqual([[40_001, false]]);
  }, brisk),
);

test.concurrent(
  'an engine that Docker neither stops nor removes holds up only engines that need its port, and is reported as running',
  () =>
    bench.with(async (stand) => {
      await stand.start();
      const [old] = (await stand.untilForwarded(40_000)).engines;
      stand.refused.add('evict').add('stop').add('remove');
      await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ reason: 'test' }] });
      expect(problemOf(await isTold(stand, old?.name ?? ''))).toMatch(/It still runs/);
      expect(stand.targets).toHaveLength(1);
      // On another port it holds up nobody.
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      stand.refused.clear();
      await until('it gone', () => !stand.engines.has(old?.id ?? ''));
      await allWell(stand);
    }, brisk),
);

test.concurrent(
  'after a new engine that does not answer and can not be removed, the next attempt has the same ports and another name',
  () =>
    bench.with(async (stand) => {
      await stand.startForwarded();
      stand.failing = { activity: 'awaitEngine', message: 'no answer', nonRetryable: true };
      stand.refused.add('remove');
      stand.port = { kind: 'known', port: 40_001 };
      const left = await until('a failed engine', () => [...stand.engines.values()].find((e) => e.p2pPort === 40_001));
      // Only one attempt fails: after three the circuit breaker would hold back the next one.
      await until('it being removed', () => stand.calls.includes(`removeEngine ${left.name}`));
      stand.failing = null;
      // The old engine is left over, too, earlier or later than this one: the problem names the first.
      await stand.untilState('it left over', (s) => s.evicted.some((e) => e.id === left.id));
      await isTold(stand);
      const after = await stand.untilForwarded(40_001);
      expect(after.engines.map((e) => e.id)).not.toContain(left.id);
      stand.refused.clear();
      await until('it gone', () => !stand.engines.has(left.id));
      await allWell(stand);
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
    }, brisk),
);

test.concurrent(
  'after a replacement that a person terminates nothing is left over: another one releases the old engine',
  () =>
    bench.with(async (stand) => {
      const before = await stand.startForwarded();
      // Without DRAIN_TIMEOUT_S nobody waits for the end of its stream.
      await stand.handle.signal(streamsSignal, [started('played', { containerId: before.engines[0]?.id ?? '' })]);
      stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      const running = await stand.untilState('the failure', (s) => s.replacements.some((r) => r.lastError !== null));
      const child = running.replacements.find((r) => r.state === 'running');
      await bench.env.client.workflow.getHandle(child?.id ?? '').terminate();
      stand.failing = null;
      // Back to the port that the unreleased engine holds: no engine may wait for it for ever.
      stand.port = { kind: 'known', port: 40_000 };
      await until('the unreleased engine gone', () => !stand.engines.has(before.engines[0]?.id ?? ''));
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_000]);
    }, brisk),
);
