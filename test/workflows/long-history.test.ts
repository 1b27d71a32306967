import { WorkflowContinuedAsNewError } from '@temporalio/client';
import { holdSignal, retargetSignal, streamsSignal } from '../../src/workflows/messages';
import { until } from '../simulator/until';
import { started } from '../streams/events';
import { TemporalBench } from './bench';

// A server that suggests a new run at 4,096 events, as they do by themselves.

const SIGNALS_AT_ONCE = 25;
const LONG = 400;

let bench: TemporalBench;
beforeAll(async () => {
  bench = await TemporalBench.start();
}, 120_000);
afterAll(() => bench.stop());

/** Sends signals until the run has ended; resolves with the events that it came to. */
async function untilNextRun(workflowId: string, send: (n: number) => Promise<unknown>): Promise<number> {
  const { workflow } = bench.env.client;
  const { runId } = await workflow.getHandle(workflowId).describe();
  let sent = 0;
  await until(
    'another run',
    async () => {
      await Promise.all(Array.from({ length: SIGNALS_AT_ONCE }, () => send(sent++)));
      return (await workflow.getHandle(workflowId).describe()).runId !== runId;
    },
    60_000,
  );
  const first = workflow.getHandle(workflowId, runId, { followRuns: false });
  await expect(first.result()).rejects.toThrow(WorkflowContinuedAsNewError);
  return (await first.describe()).historyLength;
}

test.concurrent("a VPN's workflow begins another run at some hundred events, and keeps what it knew", () =>
  bench.with(
    async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
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

test.concurrent('a replacement that is held back does so, too, and is carried out when it may be', () =>
  bench.with(
    async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
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
