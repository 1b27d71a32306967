import type { Replacement } from '../../src/domain/replacement';
import {
  configureSignal,
  listsQuery,
  recheckSignal,
  replaceEngineUpdate,
  retireSignal,
} from '../../src/workflows/vpn/messages';
import { until } from '../simulator/until';
import { TemporalBench } from './bench';

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

/** Short, as real time passes here. */
const brisk = { evictionGraceMs: 300 };

test.concurrent('a replacement that a person cancels is carried out all the same', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.engineAnswers = false;
    stand.port = { kind: 'known', port: 40_001 };
    await until('the creation', () => stand.calls.includes('createEngine 40001'));
    const running = (await stand.state()).replacements.find((r) => r.state === 'running');
    await bench.env.client.workflow.getHandle(running?.id ?? '').cancel();
    stand.engineAnswers = true;
    await stand.untilForwarded(40_001);
    const state = await stand.untilQuiet();
    expect(state.replacements.find((r) => r.id === running?.id)?.state).toBe('completed');
    expect(stand.engines.size).toBe(1);
  }, brisk),
);

test.concurrent(
  'a port change brings up the new engine beside the old one, and releases the old one after its grace',
  () =>
    bench.with(async (stand) => {
      const before = await stand.startForwarded();
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      const after = await stand.untilQuiet();
      const [old] = before.engines;
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
      const order = stand.calls.filter((c) => c.includes(old?.name ?? '?') || c === 'createEngine 40001');
      expect(order.indexOf('createEngine 40001')).toBeLessThan(order.indexOf(`releaseEngine ${old?.name}`));
      expect(order).toEqual(expect.arrayContaining([`evictEngines ${old?.name}`, `releaseEngine ${old?.name}`]));
      expect(after.replacements.at(-1)).toMatchObject({ cause: 'port changed', state: 'completed', oldPort: 40_000 });
    }, brisk),
);

test.concurrent('a port change leaves the old engine running until every API has a list without it', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.hearing = 'nobody';
    stand.port = { kind: 'known', port: 40_001 };
    await stand.untilForwarded(40_001);
    await until('the question', () => stand.calls.some((c) => c.startsWith('evictEngines')));
    await stand.handle.signal(recheckSignal);
    expect(stand.calls.filter((c) => c.startsWith('releaseEngine'))).toEqual([]);
    expect((await stand.state()).replacements.at(-1)?.state).toBe('running');
    stand.hearing = 'all';
    await stand.untilQuiet();
    expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
  }, brisk),
);

test.concurrent('a new engine that dies while the old one is still being released is replaced', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.hearing = 'nobody';
    stand.port = { kind: 'known', port: 40_001 };
    await stand.untilForwarded(40_001);
    const fresh = await until('the new engine', () => [...stand.engines.values()].find((e) => e.p2pPort === 40_001));
    stand.engines.set(fresh.id, { ...fresh, running: false, startedAt: null });
    await stand.untilState('another one', (s) => s.engines.some((e) => e.p2pPort === 40_001 && e.id !== fresh.id));
    expect((await stand.state()).replacements.map((r) => r.cause)).toContain('engine died');
    stand.hearing = 'all';
    await stand.untilQuiet();
  }, brisk),
);

test.concurrent('a port change does not wait for ever for a list that no API can get', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.hearing = 'no API';
    stand.port = { kind: 'known', port: 40_001 };
    await stand.untilForwarded(40_001);
    await stand.untilQuiet();
    const asked = stand.calls.filter((c) => c.startsWith('evictEngines')).length;
    expect(asked).toBe(3);
    expect(stand.calls.findLastIndex((c) => c.startsWith('evictEngines'))).toBeLessThan(
      stand.calls.findIndex((c) => c.startsWith('releaseEngine')),
    );
  }, brisk),
);

test.concurrent('a port change on the same port waits until the old engine is stopped', () =>
  bench.with(async (stand) => {
    await stand.start();
    await stand.untilForwarded(40_000);
    const { old } = await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ reason: 'test' }] });
    await stand.untilState('two engines made', (s) => s.replacements.filter((r) => r.readyAt !== null).length === 2);
    const stopped = stand.calls.indexOf(`releaseEngine ${old[0]?.name}`);
    expect(stopped).toBeGreaterThan(0);
    // A stopped engine holds no port: its removal may come later.
    expect(stand.calls.lastIndexOf('createEngine 40000')).toBeGreaterThan(stopped);
  }, brisk),
);

test.concurrent(
  'a port change that is followed by another before the engine answers retargets the running replacement',
  () =>
    bench.with(async (stand) => {
      await stand.startForwarded();
      stand.engineAnswers = false;
      stand.port = { kind: 'known', port: 40_001 };
      await until('the first creation', () => stand.calls.includes('createEngine 40001'));
      stand.port = { kind: 'known', port: 40_002 };
      await until('the second creation', () => stand.calls.includes('createEngine 40002'));
      stand.engineAnswers = true;
      await stand.untilForwarded(40_002);
      const state = await stand.untilQuiet();
      expect(state.replacements.filter((r) => r.cause === 'port changed')).toHaveLength(1);
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_002]);
    }, brisk),
);

test.concurrent('a port change from A to B and back to A ends with one engine on A', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.engineAnswers = false;
    stand.port = { kind: 'known', port: 40_001 };
    await until('the creation on B', () => stand.calls.includes('createEngine 40001'));
    stand.port = { kind: 'known', port: 40_000 };
    await stand.untilState('the retarget', (s) => s.replacements.some((r) => r.target?.generation === 2));
    stand.engineAnswers = true;
    await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_000]);
  }, brisk),
);

test.concurrent(
  'a failing step of a replacement is tried until it works, and the state shows the failure meanwhile',
  () =>
    bench.with(async (stand) => {
      await stand.startForwarded();
      stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
      stand.port = { kind: 'known', port: 40_001 };
      const state = await stand.untilState('the failure', (s) => s.replacements.some((r) => r.lastError !== null));
      expect(state.replacements.at(-1)).toMatchObject({ state: 'running' });
      expect(state.replacements.at(-1)?.failedAttempts).toBeGreaterThanOrEqual(1);
      expect(state.replacements.at(-1)?.lastError).toMatch(/permission denied/);
      stand.failing = null;
      await stand.untilQuiet();
      expect(stand.engines.size).toBe(1);
    }, brisk),
);

test.concurrent('a replacement that somebody terminates is noticed, and another one does its work', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.engineAnswers = false;
    stand.port = { kind: 'known', port: 40_001 };
    await until('the creation', () => stand.calls.includes('createEngine 40001'));
    const running = (await stand.state()).replacements.find((r) => r.state === 'running');
    await bench.env.client.workflow.getHandle(running?.id ?? '').terminate();
    stand.engineAnswers = true;
    // A retarget lets the VPN notice at once; without one it asks after a minute.
    stand.port = { kind: 'known', port: 40_002 };
    await stand.untilForwarded(40_002);
    const state = await stand.state();
    expect(state.replacements.find((r) => r.id === running?.id)?.state).toBe('lost');
  }, brisk),
);

test.concurrent(
  'a VPN that is retired in the middle of a replacement has it release the old engine and make no new one',
  () =>
    bench.with(async (stand) => {
      await stand.startForwarded();
      stand.engineAnswers = false;
      stand.port = { kind: 'known', port: 40_001 };
      await until('the creation', () => stand.calls.includes('createEngine 40001'));
      await stand.handle.signal(retireSignal);
      await stand.handle.result();
      await until('nothing left', () => stand.engines.size === 0);
    }, brisk),
);

test.concurrent(
  'a VPN whose workflow was terminated and started again neither lists nor keeps an engine that was evicted',
  () =>
    bench.with(async (stand) => {
      const before = await stand.startForwarded();
      const evicted = before.engines[0]?.id ?? '';
      stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await stand.untilState('the failure', (s) => s.replacements.some((r) => r.lastError !== null));
      await stand.handle.terminate();
      await stand.start();
      const after = await stand.untilForwarded(40_001);
      expect(after.engines.map((e) => e.id)).not.toContain(evicted);
      stand.failing = null;
      await until('the evicted engine gone', () => !stand.engines.has(evicted));
    }, brisk),
);

test.concurrent('a malformed value does no harm to any signal handler', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    const nothing: unknown[] = [];
    const text = ['rubbish'];
    const list = [[1, 2]];
    const wrongTypes = [{ engine: 5, reason: {} }];
    const misspelt = [{ engin: 'acestream_1' }];
    for (const args of [nothing, text, list, wrongTypes, misspelt]) {
      for (const name of ['engineReady', 'replacementEnded', 'attemptFailed', 'configure', 'recheck'])
        await stand.handle.signal(name, ...args);
      if (args !== nothing) await stand.handle.signal('replaceEngine', ...args);
    }
    stand.port = { kind: 'known', port: 40_001 };
    const state = await stand.untilForwarded(40_001);
    expect(state.replacements.filter((r) => r.cause === 'forced')).toEqual([]);
  }, brisk),
);

test.concurrent('a signal without a value forces a replacement of the forwarded engine', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    await stand.handle.signal('replaceEngine');
    const state = await stand.untilState('the replacement', (s) =>
      s.replacements.some((r) => r.cause === 'forced' && r.state === 'completed'),
    );
    expect(state.engines.filter((e) => e.ready)).toHaveLength(1);
  }, brisk),
);

test.concurrent('an update without a value does so, too, and answers with the replacement', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    const { id } = await stand.handle.executeUpdate<Replacement, []>('replaceEngine');
    await stand.untilState('the replacement', (s) => s.replacements.some((r) => r.id === id && r.cause === 'forced'));
  }, brisk),
);

test.concurrent(
  'a repeated request gets the same replacement, also after that has ended; another request joins one under way',
  () =>
    bench.with(async (stand) => {
      await stand.startForwarded();
      const ask = (requestId: string, updateId: string) =>
        stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ requestId }], updateId });
      stand.engineAnswers = false;
      const first = await ask('key-1', 'u1');
      expect((await ask('key-2', 'u2')).id).toBe(first.id);
      stand.engineAnswers = true;
      await stand.untilQuiet();
      expect((await ask('key-1', 'u3')).id).toBe(first.id);
      expect((await stand.state()).replacements.filter((r) => r.cause === 'forced')).toHaveLength(1);
    }, brisk),
);

test.concurrent('a request that can not be carried out is refused with the reason, and changes nothing', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    const lists = await stand.handle.query(listsQuery, { engines: null, streams: null });
    const [engines, streams] = [lists.engines.version, lists.streams.version];
    const refused = stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ engine: 'nobody' }] });
    await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringMatching(/no engine 'nobody'/) } });
    expect(await stand.handle.query(listsQuery, { engines, streams })).toEqual({
      engines: { version: engines, unchanged: true },
      streams: { version: streams, unchanged: true },
    });
  }, brisk),
);

test.concurrent('configure changes the settings of a running workflow, and retire ends it and leaves its engines', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    await stand.handle.signal(configureSignal, { ...stand.settings, targetEngines: 2 });
    await stand.untilState('a second engine', (s) => s.engines.filter((e) => e.ready).length === 2);
    await stand.untilQuiet();
    await stand.handle.signal(retireSignal);
    await stand.handle.result();
    expect(stand.engines.size).toBe(2);
  }, brisk),
);

test.concurrent('at most one recheck a second has an effect, and the last one is not lost', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    await stand.untilQuiet();
    const scheduled = async () => {
      const { events } = await stand.handle.fetchHistory();
      return (events ?? []).filter((e) => e.activityTaskScheduledEventAttributes?.activityType?.name === 'observe')
        .length;
    };
    const before = await scheduled();
    const begun = performance.now();
    await stand.handle.signal(recheckSignal);
    await until('the first recheck', async () => (await scheduled()) > before);
    for (let i = 1; i < 10; i++) await stand.handle.signal(recheckSignal);
    await until('the trailing recheck', async () => (await scheduled()) >= before + 2);
    // On a busy machine sending the signals takes longer than a second.
    const count = await scheduled();
    expect(count - before).toBeLessThanOrEqual(2 + Math.floor((performance.now() - begun) / 1_000));
  }, brisk),
);

test.concurrent('the history of an idle VPN grows by at most 60 events an hour', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    await stand.untilQuiet();
    // A real observation without a change takes 10 minutes; here a moment, so that several can be counted.
    stand.watchedAtMostMs = 300;
    const history = async () => {
      const { events = [] } = await stand.handle.fetchHistory();
      const rounds = (events ?? []).filter(
        (e) => e.activityTaskScheduledEventAttributes?.activityType?.name === 'observe',
      ).length;
      return { events: (events ?? []).length, rounds };
    };
    await stand.handle.signal(recheckSignal);
    const before = await history();
    const begun = await until('two rounds of that length', async () => {
      const now = await history();
      return now.rounds >= before.rounds + 2 ? now : null;
    });
    const later = await until('four more rounds', async () => {
      const now = await history();
      return now.rounds >= begun.rounds + 4 ? now : null;
    });
    const eventsARound = (later.events - begun.events) / (later.rounds - begun.rounds);
    expect(eventsARound * 6).toBeLessThanOrEqual(60);
  }, brisk),
);
