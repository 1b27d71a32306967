import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { listsQuery, recheckSignal } from '../../src/workflows/vpn/messages';
import { until } from '../simulator/until';
import { ALL } from '../repetitions';
import { builtWorkflows } from './built-workflows';
import { TemporalBench, type VpnStand } from './bench';

/** A task that a worker is given while it stops is lost for 20 s, see SIGTERM in `docs/reference/failures/processes.md`. */
const WITH_LOST_TASKS_MS = 75_000;

let bench: TemporalBench;
let stand: VpnStand;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());
afterEach(() => stand.terminate());

/** Queries as the API does: with a deadline, and again whatever the result is. */
async function ask(): Promise<void> {
  const { connection, workflow } = bench.client;
  await connection
    .withDeadline(Date.now() + 4_000, () =>
      workflow.getHandle(stand.workflowId).query(listsQuery, { engines: null, streams: null }),
    )
    .then(
      () => {},
      () => {},
    );
}

async function failedTasks(): Promise<string[]> {
  const { events } = await stand.handle.fetchHistory();
  return (events ?? []).flatMap((e) => e.workflowTaskFailedEventAttributes?.failure?.message ?? []);
}

async function changePort(port: number): Promise<void> {
  stand.port = { kind: 'known', port };
  await stand.untilForwarded(port, WITH_LOST_TASKS_MS);
  await stand.untilQuiet(WITH_LOST_TASKS_MS);
}

/** One observation runs, and no workflow task is pending: a task that a worker gets while it stops is lost until its time-out. */
function untilAtRest(): Promise<unknown> {
  return until(
    'one observation, and no pending task',
    async () => {
      const { raw } = await stand.handle.describe();
      return raw.pendingActivities?.length === 1 && !raw.pendingWorkflowTask;
    },
    WITH_LOST_TASKS_MS,
  );
}

/** Several, since the server chooses whether the next worker gets the task or the queries first. */
const PORTS = ALL ? [40_001, 40_002, 40_003, 40_004, 40_005] : [40_001, 40_002];
/** For so long the server keeps a task for the former worker. */
const impatient = { stickyQueueScheduleToStartTimeout: '1 second' };

test('signals that came while no worker ran are handled as in a replay, though queries wait for the next worker', async () => {
  stand = bench.stand({ evictionGraceMs: 300 });
  const withWorker = (work: () => Promise<unknown>) => bench.withWorker(stand, work, impatient);
  await withWorker(async () => {
    // Shorter than usual, for a task that is lost all the same.
    await stand.start({ workflowTaskTimeout: '5 seconds' });
    await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    await untilAtRest();
  });
  for (const port of PORTS) {
    await withWorker(async () => {
      await changePort(port);
      // For a second after this, by the workflow's clock, the next recheck has to wait.
      await stand.handle.signal(recheckSignal);
      await untilAtRest();
    });
    const waiting = [ask(), ask(), ask()];
    // Nothing shows that the server has the queries. A query that came after the signal would be answered with the signal's task.
    await sleep(500);
    await stand.handle.signal(recheckSignal);
    await withWorker(async () => {
      await Promise.all(waiting);
      await untilAtRest();
    });
  }
  await withWorker(() => changePort(40_006));
  expect(await failedTasks()).toEqual([]);
  await Worker.runReplayHistory({ workflowBundle: builtWorkflows }, await stand.handle.fetchHistory());
}, 300_000);
