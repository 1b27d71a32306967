import { setTimeout as sleep } from 'node:timers/promises';
import { temporal } from '@temporalio/proto';
import { taskQueue } from '../../src/domain/names';
import { HandOver } from '../../src/worker/hand-over';
import { createWorker } from '../../src/worker/worker';
import { handOverSignal } from '../../src/workflows/vpn/messages';
import type { vpn } from '../../src/workflows/vpn/workflow';
import { until } from '../simulator/until';
import { builtWorkflows } from '../workflows/built-workflows';
import { TemporalBench, type VpnStand } from '../workflows/bench';

const { PENDING_WORKFLOW_TASK_STATE_STARTED: STARTED } = temporal.api.enums.v1.PendingWorkflowTaskState;
/** More than a worker runs at once. */
const WORKFLOWS = 20;
/** The time limit of a hand-over, less the steps of its wait. */
const GIVES_UP_AFTER_MS = 3_900;

let bench: TemporalBench;
let stand: VpnStand;

beforeAll(async () => {
  bench = await TemporalBench.start();
  stand = bench.stand();
});
afterAll(async () => {
  await stand.terminate();
  await bench.stop();
});

const ids = Array.from({ length: WORKFLOWS }, (_, i) => `vpn-${i}`);
const queue = () => taskQueue(stand.settings.instance);
const descriptions = () => Promise.all(ids.map((id) => bench.env.client.workflow.getHandle<typeof vpn>(id).describe()));

async function tellAll(): Promise<void> {
  await Promise.all(ids.map((id) => bench.env.client.workflow.getHandle<typeof vpn>(id).signal(handOverSignal)));
}

/** Stops a worker during its work. @returns whether it had nothing more to do in the time for which the hand-over waits */
async function workAndStop(): Promise<boolean> {
  const handOver = new HandOver();
  let [toldAt, stoppedAt] = [0, 0];
  let observed = 0;
  const worker = await createWorker({
    connection: bench.env.nativeConnection,
    namespace: 'default',
    taskQueue: queue(),
    activities: {
      ...stand.activities(),
      // There always is new work, so that workflows have tasks all the time.
      observe: async () => {
        observed++;
        await sleep(10);
        return { kind: 'unreachable', at: Date.now(), problem: `look ${observed}` };
      },
    },
    vpns: WORKFLOWS,
    engines: WORKFLOWS,
    handOver,
    workflowBundle: builtWorkflows,
  });
  const running = worker.run();
  try {
    await until('tasks all the time', () => observed > 2 * WORKFLOWS);
  } finally {
    await handOver.stop(worker, async () => {
      await tellAll();
      toldAt = performance.now();
    });
    stoppedAt = performance.now();
    await running;
  }
  return stoppedAt - toldAt < GIVES_UP_AFTER_MS;
}

test('the server does not end the polls of a stopping worker; with a server that does, the hand-over needs no such care', async () => {
  const { namespaceInfo } = await bench.env.client.workflowService.describeNamespace({ namespace: 'default' });
  expect(namespaceInfo?.capabilities?.workerPollCompleteOnShutdown ?? false).toBe(false);
});

test('a worker that stops during many tasks loses none', async () => {
  const { workflow } = bench.env.client;
  const args: Parameters<typeof vpn> = [{ settings: stand.settings }];
  await Promise.all(
    ids.map((workflowId) => workflow.start<typeof vpn>('vpn', { workflowId, taskQueue: queue(), args })),
  );
  // In half of the rounds none would be lost without the hand-over either.
  for (let round = 0; round < 3; round++) {
    // On a busy machine the worker may still have tasks when its time is over.
    const wasQuiet = await workAndStop();
    // No worker runs now, so a started task was lost with a worker.
    const lost = (await descriptions()).filter(({ raw }) => raw.pendingWorkflowTask?.state === STARTED);
    expect(wasQuiet ? lost.map(({ workflowId }) => workflowId) : []).toEqual([]);
  }
});
