import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import { vpnWorkflowId } from '../../src/domain/names';
import type { ReplacementInput } from '../../src/domain/replacement';
import { retargetSignal } from '../../src/workflows/vpn/messages';
import type { replaceEngine } from '../../src/workflows/replacement/workflow';
import { forwardedEngine, target } from '../builders';
import { until } from '../simulator/until';
import { TemporalBench } from './bench';
import { builtWorkflows } from './built-workflows';

// A replacement's workflow alone, with activities that the test controls.

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

const old = forwardedEngine(19_000, 65_290);

function input(instance: string): ReplacementInput {
  return {
    instance,
    vpn: 'gluetun',
    incarnation: 'abcdef12',
    number: 7,
    cause: 'port changed',
    reason: null,
    old: [old],
    target: target(),
    evictionGraceMs: 0,
    stopTimeoutS: 10,
    startupTimeoutMs: 25_000,
    draining: [],
    drainMs: 0,
    leave: 'never',
    heldUntil: null,
  };
}

test('when the port changes again while the engine of a former port is being removed, no engine is made for the port in between', async () => {
  const instance = `t-${randomUUID().slice(0, 8)}`;
  const made: number[] = [];
  let removals = 0;
  let removable = false;
  const activities: Pick<Activities, 'createEngine' | 'awaitEngine' | 'removeEngine' | 'evictEngines'> = {
    createEngine: async ({ target: { generation, httpPort, p2pPort } }) => {
      made.push(generation);
      return { engine: forwardedEngine(httpPort, p2pPort ?? 0, { id: `engine-${generation}` }), session: 'vpn@1' };
    },
    awaitEngine: async () => ({ run: 1 }),
    removeEngine: async () => {
      removals++;
      if (!removable) throw ApplicationFailure.nonRetryable('Docker is away', 'DockerUnreachable');
    },
    // The replacement goes on until the old engine is released, whatever has come up.
    evictEngines: async () => {
      throw ApplicationFailure.nonRetryable('Docker is away', 'DockerUnreachable');
    },
  };
  const queue = `r-${instance}`;
  const worker = await Worker.create({
    connection: bench.env.nativeConnection,
    taskQueue: queue,
    workflowBundle: builtWorkflows,
    activities,
    shutdownGraceTime: 0,
  });
  const { workflow } = bench.client;
  await worker.runUntil(async () => {
    // This workflow has no worker: it only receives signals.
    const vpn = await workflow.start('vpn', {
      workflowId: vpnWorkflowId(instance, 'gluetun'),
      taskQueue: `${queue}-nobody`,
    });
    const replacing = await workflow.start<typeof replaceEngine>('replaceEngine', {
      workflowId: `replace/${instance}/gluetun/7-abcdef12`,
      taskQueue: queue,
      args: [input(instance)],
    });
    await until('the first engine ready', async () => {
      const { events } = await vpn.fetchHistory();
      return events?.some((e) => e.workflowExecutionSignaledEventAttributes?.signalName === 'engineReady');
    });
    await replacing.signal(retargetSignal, target({ generation: 2, p2pPort: 40_649 }));
    await until('an attempt to remove it', () => removals > 0);
    await replacing.signal(retargetSignal, target({ generation: 3, p2pPort: 40_650 }));
    removable = true;
    await until('an engine for the port that it has now', () => made.includes(3));
    expect(made).toEqual([1, 3]);
    await Promise.all([replacing, vpn].map((each) => each.terminate()));
  });
});
