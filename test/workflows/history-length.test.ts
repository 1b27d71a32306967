import { WorkflowContinuedAsNewError } from '@temporalio/client';
import { handOverSignal, holdSignal, retargetSignal, streamsSignal } from '../../src/workflows/vpn/messages';
import { ended, started } from '../stream-events';
import { until } from '../simulator/until';
import { TemporalBench, type VpnStand } from './bench';

// How histories grow, and when another run begins. The server suggests that at 4,096 events, which is its default.

const SIGNALS_AT_ONCE = 25;
const LONG = 400;

let bench: TemporalBench;
beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

/** The id of the VPN's engine, once it is listed. */
async function engineOf(stand: VpnStand): Promise<string> {
  await stand.startForwarded();
  const { engines } = await stand.untilQuiet();
  const [engine] = engines;
  if (!engine) throw new Error('the VPN has no engine');
  return engine.id;
}

test.concurrent('a list that is asked for after an event was accepted always includes it', () =>
  bench.with(async (stand) => {
    const containerId = await engineOf(stand);
    for (let i = 0; i < 10; i++) {
      const id = `stream-${i}`;
      await stand.handle.signal(streamsSignal, [started(id, { containerId })]);
      expect((await stand.streams()).some((s) => s.id === id)).toBe(true);
      await stand.handle.signal(streamsSignal, [ended(id, Date.now())]);
      expect((await stand.streams()).find((s) => s.id === id)).toMatchObject({ endedAt: expect.any(Number) });
    }
  }),
);

test.concurrent('reports that come twice, late or for an engine that does not exist change nothing', () =>
  bench.with(async (stand) => {
    const containerId = await engineOf(stand);
    const first = started('a', { containerId });
    await stand.handle.signal(streamsSignal, [first, started('b', { containerId: 'nobody' }), ended('unknown')]);
    const before = await until('the stream', async () => {
      const found = await stand.streams();
      return found.length > 0 && found;
    });
    expect(before.map((s) => s.id)).toEqual(['a']);
    await stand.handle.signal(streamsSignal, [started('a', { containerId, startedAt: 5 })]);
    expect(await stand.streams()).toEqual(before);
    await stand.handle.signal(streamsSignal, [ended('a', Date.now(), 'client left'), ended('a', 1, 'again'), first]);
    expect(await stand.streams()).toMatchObject([{ id: 'a', endReason: 'client left' }]);
  }),
);

test.concurrent('the fleet is not told of a viewer who changes the channel, but of one who comes or leaves', () =>
  bench.with(async (stand) => {
    const containerId = await engineOf(stand);
    const busy = async () => (await stand.reports()).map((facts) => facts.busy);
    await stand.handle.signal(streamsSignal, [started('channel 0', { containerId })]);
    await until('a viewer', async () => (await busy()).at(-1) === 1);
    const before = await busy();
    for (let channel = 1; channel <= 5; channel++) {
      await stand.handle.signal(streamsSignal, [ended(`channel ${channel - 1}`, Date.now())]);
      await stand.handle.signal(streamsSignal, [started(`channel ${channel}`, { containerId })]);
    }
    expect(await stand.streams()).toHaveLength(6);
    expect(await busy()).toEqual(before);
    await stand.handle.signal(streamsSignal, [ended('channel 5', Date.now())]);
    await until('nobody', async () => (await busy()).at(-1) === 0);
    expect(await busy()).toEqual([...before, 0]);
  }),
);

const historyLength = async (stand: VpnStand) => (await stand.handle.describe()).historyLength;

/** How many events a port change adds to the VPN's history, and how many its replacement's history has. */
async function eventsOfAChange(stand: VpnStand): Promise<{ vpn: number; replacement: number }> {
  const before = await historyLength(stand);
  stand.port = { kind: 'known', port: 40_001 };
  await stand.untilForwarded(40_001);
  const { replacements } = await stand.untilQuiet();
  const { workflow } = bench.env.client;
  const replacement = await workflow.getHandle(replacements.at(-1)?.id ?? '').describe();
  // The history has its end by now.
  return { vpn: (await historyLength(stand)) - before, replacement: replacement.historyLength };
}

test.concurrent.each([
  ['sooner than the old one is gone', { evictionGraceMs: 1_500 }],
  ['later than that', { evictionGraceMs: 0 }],
])(
  'a port change writes at most 30 events for the VPN and 45 for its replacement, where the engine answers %s',
  (_, change) =>
    bench.with(async (stand) => {
      await engineOf(stand);
      if (change.evictionGraceMs === 0) {
        stand.engineAnswers = false;
        void until('the old engine gone', () => [...stand.engines.values()].every((e) => e.p2pPort !== 40_000)).then(
          () => (stand.engineAnswers = true),
        );
      }
      const before = await stand.reports();
      const { vpn, replacement } = await eventsOfAChange(stand);
      // The fleet does not need it.
      expect(await stand.reports()).toEqual(before);
      expect(vpn).toBeGreaterThan(15);
      expect(vpn).toBeLessThanOrEqual(30);
      expect(replacement).toBeGreaterThan(25);
      expect(replacement).toBeLessThanOrEqual(45);
    }, change),
);

/** Sends signals until the run has ended; resolves with the number of its events. */
async function untilNextRun(workflowId: string, send: (n: number) => Promise<unknown>): Promise<number> {
  const { workflow } = bench.env.client;
  const { runId } = await workflow.getHandle(workflowId).describe();
  let sent = 0;
  await until(
    'another run',
    async () => {
      const now = await workflow.getHandle(workflowId).describe();
      if (now.runId !== runId) return true;
      // A workflow can't continue as new in a task during which a signal arrives. So a long history grows only between two tasks.
      const isLong = now.historyLength >= LONG;
      const count = isLong ? Number(!now.raw.pendingWorkflowTask) : SIGNALS_AT_ONCE;
      await Promise.all(Array.from({ length: count }, () => send(sent++)));
      return false;
    },
    60_000,
  );
  const first = workflow.getHandle(workflowId, runId, { followRuns: false });
  await expect(first.result()).rejects.toThrow(WorkflowContinuedAsNewError);
  return (await first.describe()).historyLength;
}

test.concurrent("a VPN's workflow begins another run after some hundred events, and keeps its state", () =>
  bench.with(
    async (stand) => {
      await stand.startForwarded();
      const [engine] = await stand.listed();
      const events = await untilNextRun(stand.workflowId, (n) =>
        stand.handle.signal(streamsSignal, [started(`s${n % 5}`, { containerId: engine?.id ?? '' })]),
      );
      expect(events).toBeGreaterThan(LONG / 2);
      expect(events).toBeLessThan(LONG * 1.5);
      const [after] = await stand.listed();
      expect([after?.id, after?.streams.toSorted()]).toEqual([engine?.id, ['s0', 's1', 's2', 's3', 's4']]);
    },
    { evictionGraceMs: 300 },
  ),
);

test.concurrent(
  'it begins another run at once when its worker stops, also during a replacement, and loses nothing',
  () =>
    bench.with(async (stand) => {
      const old = await engineOf(stand);
      await stand.handle.signal(streamsSignal, [started('a', { containerId: old })]);
      stand.engineAnswers = false;
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilState('a replacement', (s) => s.replacements.some((r) => r.state === 'running' && r.made));
      const { runId } = await stand.handle.describe();
      await stand.handle.signal(handOverSignal);
      const first = bench.env.client.workflow.getHandle(stand.workflowId, runId, { followRuns: false });
      await expect(first.result()).rejects.toThrow(WorkflowContinuedAsNewError);
      expect((await first.describe()).historyLength).toBeLessThan(LONG / 2);
      stand.engineAnswers = true;
      await stand.untilForwarded(40_001);
      const { replacements } = await stand.untilQuiet();
      expect(replacements.map((r) => [r.cause, r.state])).toEqual([['port changed', 'completed']]);
      expect((await stand.streams()).map((s) => s.id)).toEqual(['a']);
    }),
);

test.concurrent.each([1, 2, 3])('a report to the fleet that is being sent then is sent by the run that ends (%i)', () =>
  bench.with(async (stand) => {
    const containerId = await engineOf(stand);
    const { runId } = await stand.handle.describe();
    await Promise.all([
      stand.handle.signal(streamsSignal, [started('a', { containerId })]),
      stand.handle.signal(handOverSignal),
    ]);
    await until('another run', async () => (await stand.handle.describe()).runId !== runId);
    const first = bench.env.client.workflow.getHandle(stand.workflowId, runId, { followRuns: false });
    const { events } = await first.fetchHistory();
    const sent = (events ?? []).filter((e) => e.signalExternalWorkflowExecutionInitiatedEventAttributes);
    // There is no fleet workflow here: the failure of the signal ends the report, too.
    const answered = (events ?? []).filter((e) => e.signalExternalWorkflowExecutionFailedEventAttributes);
    // The report of the stream is sent by this run, or, where the signal came after its end, by the next one.
    if (sent.length < 2) await until('the report', async () => (await stand.reports()).some((f) => f.busy === 1));
    expect(answered).toHaveLength(sent.length);
  }),
);

test.concurrent('a replacement that is held back begins another run, too, and is carried out later', () =>
  bench.with(
    async (stand) => {
      await stand.startForwarded();
      stand.failing = { activity: 'createEngine', message: 'no' };
      stand.port = { kind: 'known', port: 40_001 };
      const state = await stand.untilState('a replacement', (s) => s.replacements.some((r) => r.failedAttempts > 0));
      const id = state.replacements.find((r) => r.state === 'running')?.id ?? '';
      const replacement = bench.env.client.workflow.getHandle(id);
      await replacement.signal(holdSignal, Date.now() + 600_000);
      const events = await untilNextRun(id, () => replacement.signal(retargetSignal, null));
      expect(events).toBeLessThan(LONG * 1.5);
      stand.failing = null;
      await replacement.signal(holdSignal, null);
      await stand.untilForwarded(40_001);
      await stand.untilQuiet();
    },
    { evictionGraceMs: 300 },
  ),
);
