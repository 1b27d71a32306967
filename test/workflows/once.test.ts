import { Runtime, type InjectedSinks } from '@temporalio/worker';
import { measure } from '../../src/domain/measures';
import { exporterAt, freeLoopbackPort, workerMetricsAt } from '../../src/api/metrics/worker-metrics';
import { measuresOnce, Once } from '../../src/worker/once';
import type { MeasureSinks } from '../../src/workflows/shared/measures-sink';
import { parseExposition, valueOf, type Family } from '../api/metrics/exposition';
import { until } from '../simulator/until';
import { TemporalBench, type VpnStand } from './bench';

// Log lines and counts of workflows come out once, though their tasks are replayed, or are carried out again because a result was late.

const TASK_TIMEOUT_MS = 1_000;
/** As the value of a label. */
const TASK_QUEUE = 'delayed';

let bench: TemporalBench;
let port: number;

beforeAll(async () => {
  port = await freeLoopbackPort();
  bench = await TemporalBench.start({ metrics: exporterAt({ host: '127.0.0.1', port }) });
}, 120_000);
afterAll(() => bench.stop());

/** Makes the result of the first workflow task that counts a port change come too late. */
function delayingSinks(): InjectedSinks<MeasureSinks> {
  const { measures } = measuresOnce('default', TASK_QUEUE);
  let delayed = false;
  return {
    measures: {
      ...measures,
      count: {
        ...measures.count,
        fn: (info, task, metric, value, tags) => {
          void measures.count.fn(info, task, metric, value, tags);
          if (delayed || metric.name !== measure.portChanges || value === 0) return;
          delayed = true;
          // The counts of a task come out before its result is sent.
          for (const end = performance.now() + TASK_TIMEOUT_MS * 1.5; performance.now() < end;);
        },
      },
    },
  };
}

/** The SDK holds metrics back for a moment. */
function linesFrom(index: number): string[] {
  Runtime.instance().flushLogs();
  return bench.lines.slice(index).map((line) => line.replaceAll(/[\d.]+ s/g, '… s'));
}

function scrape(): Promise<Map<string, Family>> {
  // On a busy machine an answer may come too late.
  return until('the metrics', () => workerMetricsAt({ host: '127.0.0.1', port }).then(parseExposition, () => null));
}

async function counted(name: string): Promise<number> {
  const samples = [...(await scrape()).values()].flatMap((family) => family.samples);
  return samples
    .filter((s) => s.name === name && Object.values(s.labels).includes(TASK_QUEUE))
    .reduce((sum, s) => sum + s.value, 0);
}

async function timeouts(stand: VpnStand): Promise<number> {
  const { events } = await stand.handle.fetchHistory();
  return (events ?? []).filter((e) => e.workflowTaskTimedOutEventAttributes).length;
}

test('log lines and counts of a workflow come out once, though its task timed out and was carried out again', () =>
  bench.withOwnWorker(
    async (stand) => {
      await stand.start({ workflowTaskTimeout: TASK_TIMEOUT_MS });
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      const from = linesFrom(0).length;
      const changes = await counted('portward_port_changes_total');
      const before = await timeouts(stand);
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await stand.untilQuiet();

      expect(await timeouts(stand)).toBeGreaterThan(before);
      const lines = linesFrom(from);
      expect(lines).toContainEqual(expect.stringContaining('port changed from 40000 to 40001 - replacing'));
      expect(lines).toEqual([...new Set(lines)]);
      expect(lines).toContainEqual(expect.stringMatching(/Replacement 2 complete/));
      expect(await counted('portward_port_changes_total')).toBe(changes + 1);
    },
    { evictionGraceMs: 300 },
    { sinks: delayingSinks() },
  ));

describe('of several attempts at one task', () => {
  test('each line comes out once, even if a later attempt has other lines', () => {
    const once = new Once();
    const attempt = (mark: string, lines: string[]) => lines.filter((line) => once.isNew('run', mark, line));
    expect(attempt('7/9/1', ['a', 'b', 'b'])).toEqual(['a', 'b', 'b']);
    expect(attempt('7/12/2', ['a', 'news', 'b', 'b', 'b'])).toEqual(['news', 'b']);
    expect(attempt('7/12/3', ['a', 'news', 'b', 'b', 'b'])).toEqual([]);
  });

  test('the same line of the next task, or of another run, comes out again', () => {
    const once = new Once();
    expect([once.isNew('run', '7/9/1', 'a'), once.isNew('run', '12/15/2', 'a')]).toEqual([true, true]);
    expect(once.isNew('other', '12/15/2', 'a')).toBe(true);
  });

  test('only a limited number of runs is remembered', () => {
    const once = new Once(2);
    for (const run of ['1', '2', '3']) once.isNew(run, '0/3/1', 'a');
    expect(['3', '2', '1'].map((run) => once.isNew(run, '0/3/2', 'a'))).toEqual([false, false, true]);
  });
});

/** How often the VPN's workflow has been replayed. */
const replays = async (stand: VpnStand) =>
  valueOf(await scrape(), 'temporal_workflow_task_replay_latency_seconds_count', {
    task_queue: `portward-${stand.settings.instance}`,
    workflow_type: 'vpn',
  }) ?? 0;

/** The counts of its workflows, by the name of the metric, summed over all labels. */
async function own(stand: VpnStand): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const { samples } of (await scrape()).values()) {
    for (const { name, labels, value } of samples) {
      if (!name.startsWith('portward_') || labels['task_queue'] !== `portward-${stand.settings.instance}`) continue;
      all.set(name, (all.get(name) ?? 0) + value);
    }
  }
  return all;
}

// A worker that keeps no workflow in its cache replays the whole history for each task.
test('a replay counts nothing again', async () => {
  await bench.withOwnWorker(
    async (stand) => {
      await stand.start();
      // Each query costs a replay, too, so there are few.
      await until('an engine that answers', () => [...stand.engines.values()].some((e) => e.health === 'healthy'));
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      stand.port = { kind: 'known', port: 40_001 };
      await until('the old engine gone', () => stand.calls.some((call) => call.startsWith('releaseEngine')));
      await stand.untilForwarded(40_001);
      await stand.untilQuiet();
      const before = await own(stand);
      // A task whose result Temporal does not accept is carried out again, which is another replay.
      expect(before.get('portward_port_changes_total')).toBeGreaterThanOrEqual(1);
      expect(before.get('portward_replacements_total')).toBeGreaterThanOrEqual(2);
      expect(before.get('portward_port_change_hidden_seconds_count')).toBeGreaterThanOrEqual(1);
      const replayed = await replays(stand);
      await until('further tasks, each with a replay of all', async () => {
        await stand.handle.signal('recheck');
        return (await replays(stand)) > replayed + 2;
      });
      expect(await own(stand)).toEqual(before);
    },
    { evictionGraceMs: 300 },
    { maxCachedWorkflows: 0 },
  );
}, 120_000);
