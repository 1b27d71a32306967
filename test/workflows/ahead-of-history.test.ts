import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { listsQuery, recheckSignal } from '../../src/workflows/vpn/messages';
import { until } from '../simulator/until';
import { ALL } from '../repetitions';
import { builtWorkflows } from './built-workflows';
import { TemporalBench, type VpnStand } from './bench';

/** A task that a worker is given in the moment of its end is lost for 20 s, as `docs/reference/failures/processes.md` says of SIGTERM. */
const WITH_LOST_TASKS_MS = 75_000;

let bench: TemporalBench;
let stand: VpnStand;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());
afterEach(() => stand.terminate());

/** As the API asks: with a deadline, and whatever becomes of it, it asks again. */
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

/** One watch is at work, and nothing is still to be told: a task that a worker gets while it stops is lost for its whole time. */
function untilAtRest(): Promise<unknown> {
  return until(
    'one watch, and nothing that is still to be told',
    async () => {
      const { raw } = await stand.handle.describe();
      return raw.pendingActivities?.length === 1 && !raw.pendingWorkflowTask;
    },
    WITH_LOST_TASKS_MS,
  );
}

/** Which of them the next worker takes first is the server's choice, so there are several rounds. */
const PORTS = ALL ? [40_001, 40_002, 40_003, 40_004, 40_005] : [40_001, 40_002];
/** The server keeps a task for the worker that is gone for as long. */
const impatient = { stickyQueueScheduleToStartTimeout: '1 second' };

test('what came while no worker ran is taken up as a replay will, though queries wait for the next worker', async () => {
  stand = bench.stand({ evictionGraceMs: 300 });
  const withWorker = (work: () => Promise<unknown>) => bench.withWorker(stand, work, impatient);
  await withWorker(async () => {
    // A shorter time than the usual one for a task that is lost all the same.
    await stand.start({ workflowTaskTimeout: '5 seconds' });
    await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    await untilAtRest();
  });
  for (const port of PORTS) {
    await withWorker(async () => {
      await changePort(port);
      // For a second after this one the next has to wait, by the workflow's clock.
      await stand.handle.signal(recheckSignal);
      await untilAtRest();
    });
    const waiting = [ask(), ask(), ask()];
    // Nothing tells that the server has them; one that came after the signal would be answered with its task.
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
