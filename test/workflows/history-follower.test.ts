import { once } from 'node:events';
import type { Client } from '@temporalio/client';
import type { Growth } from '../../src/gateways/growth';
import { followHistory } from '../../src/gateways/history-follower';
import { handOverSignal, streamsSignal } from '../../src/workflows/vpn/messages';
import { until } from '../simulator/until';
import { started } from '../stream-events';
import { TemporalBench, type VpnStand } from './bench';

let bench: TemporalBench;
beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

test("a follower of a VPN's history is told of observations, of the engines of replacements that begin, of messages, and when no task is pending", () =>
  bench.with(
    async (stand) => {
      await stand.start();
      const { engines } = await stand.untilForwarded(40_000);
      const [old] = engines;
      const growths: Growth[] = [];
      const begun = () => growths.flatMap((g) => g.startedChildren);
      const observed = () => growths.flatMap((g) => g.completedActivities.filter(({ type }) => type === 'observe'));
      const isSettled = () => growths.at(-1)?.settled === true;
      const stop = new AbortController();
      const following = followHistory(
        bench.client,
        stand.workflowId,
        { grown: (growth) => growths.push(growth), broken: () => undefined },
        stop.signal,
      );
      // Earlier events are told as well.
      await until('the first replacement', () => begun().length === 1 && isSettled());
      const known = growths.length;
      stand.port = { kind: 'known', port: 40_001 };
      await until('the next one', () => begun().length === 2);
      expect(begun()).toMatchObject([
        { type: 'replaceEngine', input: { cause: 'first engine', old: [] } },
        { type: 'replaceEngine', input: { cause: 'port changed', old: [{ id: old?.id, name: old?.name }] } },
      ]);
      const of = (what: (growth: Growth) => boolean) => growths.findIndex((growth, i) => i >= known && what(growth));
      const told = of((g) =>
        g.completedActivities.some(({ result }) => JSON.stringify(result).includes('"port":40001')),
      );
      expect(told).toBeGreaterThanOrEqual(known);
      expect(told).toBeLessThanOrEqual(of((g) => g.startedChildren.length > 0));
      expect(observed().at(-1)).toMatchObject({ result: { kind: 'snapshot', port: { kind: 'known', port: 40_001 } } });
      expect(growths[told]?.hasMessage).toBe(false);
      const { engines: now } = await stand.untilForwarded(40_001);
      // The replacement has reported that its engine is ready.
      await until('its message', () => growths.slice(told + 1).some((g) => g.hasMessage));
      expect(growths.flatMap((g) => g.onlySignals ?? [])).not.toContain('streams');
      await until('no task', isSettled);
      // Another stream, which the workflow takes in.
      const quiet = growths.length;
      await stand.handle.signal(streamsSignal, [started('a', { containerId: now[0]?.id ?? '' })]);
      const since = () => growths.slice(quiet);
      await until('its task', () => isSettled() && since().some((g) => g.onlySignals?.includes('streams')));
      expect(since().map((g) => g.onlySignals)).not.toContain(null);
      stop.abort();
      await following;
      // The end of the old engine would be a growth of another kind.
    },
    { evictionGraceMs: 600_000 },
  ));

async function changeAndContinueAsNew(stand: VpnStand): Promise<void> {
  stand.port = { kind: 'known', port: 40_001 };
  await stand.untilForwarded(40_001);
  const { runId } = await stand.handle.describe();
  await stand.handle.signal(handOverSignal);
  await until('another run', async () => (await stand.handle.describe()).runId !== runId);
}

test.each([
  ['nothing has', 0, async () => undefined],
  ['a replacement has, and another run has begun', 1, changeAndContinueAsNew],
])('after a failed call all that has happened is told soon: %s', (_what, replacements, meanwhile) =>
  bench.with(async (stand) => {
    await stand.start();
    await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    const away = new AbortController();
    const failed = once(away.signal, 'abort').then(() => {
      throw new Error('server away');
    });
    const { workflowService: service } = bench.client;
    const untilFailed = {
      getWorkflowExecutionHistory: (request: object) =>
        Promise.race([service.getWorkflowExecutionHistory(request), failed]),
      describeWorkflowExecution: (request: object) =>
        Promise.race([service.describeWorkflowExecution(request), failed]),
    };
    let isBack = false;
    const breaking = Object.create(bench.client, {
      workflowService: { get: () => (isBack ? service : untilFailed) },
    }) as Client;
    const broken: unknown[] = [];
    const growths: Growth[] = [];
    const stop = new AbortController();
    const listener = {
      grown: (growth: Growth) => growths.push(growth),
      broken: (reason: unknown) => broken.push(reason),
    };
    const following = followHistory(breaking, stand.workflowId, listener, stop.signal);
    await until('the history', () => growths.length > 0);
    away.abort();
    await until('the failure', () => broken.at(-1) instanceof Error);
    await meanwhile(stand);
    const before = growths.length;
    isBack = true;
    // The server ends a long poll after 20 s.
    await until('that the history is followed again', () => broken.at(-1) === null && growths.length > before, 10_000);
    await until('all that has happened', () => {
      const begun = growths.slice(before).flatMap((g) => g.startedChildren.map(({ type }) => type));
      return begun.length === replacements;
    });
    expect(growths[before]).toMatchObject({ hasMessage: true, onlySignals: null });
    stop.abort();
    await following;
  }),
);

test('a history of several pages is told at once, so that nothing old counts as new', () =>
  bench.with(async (stand) => {
    await stand.start();
    const { engines } = await stand.untilForwarded(40_000);
    const containerId = engines[0]?.id ?? '';
    const play = (id: number) => stand.handle.signal(streamsSignal, [started(String(id), { containerId })]);
    // The server answers with 256 events at a time.
    await until('more than a page', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, i) => play(i)));
      return (await stand.handle.describe()).historyLength > 270;
    });
    // Signals that arrive during a task become events only after it.
    await until('no task', async () => !(await stand.handle.describe()).raw.pendingWorkflowTask);
    const growths: Growth[] = [];
    const stop = new AbortController();
    const listener = { grown: (growth: Growth) => growths.push(growth), broken: () => undefined };
    const following = followHistory(bench.client, stand.workflowId, listener, stop.signal);
    await until('the history', () => growths.length > 0);
    expect(growths[0]?.startedChildren).toHaveLength(1);
    await play(1_000);
    await until('another signal', () => growths.slice(1).some((g) => g.onlySignals?.includes('streams')));
    // Not those of the second page.
    expect(growths.slice(1).flatMap((g) => g.onlySignals ?? [])).toHaveLength(1);
    stop.abort();
    await following;
  }));
