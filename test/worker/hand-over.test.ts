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
/** More than a worker takes at once. */
const WORKFLOWS = 20;

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

/** Stops a worker in the midst of its work. */
async function workAndStop(): Promise<void> {
  const handOver = new HandOver();
  let observed = 0;
  const worker = await createWorker({
    connection: bench.env.nativeConnection,
    namespace: 'default',
    taskQueue: queue(),
    activities: {
      ...stand.activities(),
      // There is always something new, so that workflows have tasks all the time.
      observe: async () => {
        observed++;
        await sleep(10);
        return { kind: 'blind', at: Date.now(), problem: `look ${observed}` };
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
    await handOver.stop(worker, tellAll);
    await running;
  }
}

test('the server does not let polls end by themselves when their worker stops; with one that does, hands over need no such care', async () => {
  const { namespaceInfo } = await bench.env.client.workflowService.describeNamespace({ namespace: 'default' });
  expect(namespaceInfo?.capabilities?.workerPollCompleteOnShutdown ?? false).toBe(false);
});

test('a worker that stops amid many tasks loses none', async () => {
  const { workflow } = bench.env.client;
  const args: Parameters<typeof vpn> = [{ settings: stand.settings }];
  await Promise.all(
    ids.map((workflowId) => workflow.start<typeof vpn>('vpn', { workflowId, taskQueue: queue(), args })),
  );
  // In one round of two none would be lost whatever is done.
  for (let round = 0; round < 3; round++) {
    await workAndStop();
    // No worker runs, so a task that has been started has been lost with one.
    const lost = (await descriptions()).filter(({ raw }) => raw.pendingWorkflowTask?.state === STARTED);
    expect(lost.map(({ workflowId }) => workflowId)).toEqual([]);
  }
});
