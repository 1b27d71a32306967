import { Client, WorkflowUpdateStage } from '@temporalio/client';
import type { HistoryAndWorkflowId } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import type { FleetSettings } from '../../src/domain/fleet/fleet';
import { TemporalFleetSource } from '../../src/gateways/fleet-source';
import {
  configureFleetSignal,
  DEMAND_IN_MEMO,
  reportedSignal,
  scaleSignal,
  scaleUpdate,
} from '../../src/workflows/fleet/messages';
import { VERSION_IN_MEMO, WORKFLOW_VERSION } from '../../src/workflows/version';
import { meanwhile } from '../program/meanwhile';
import { until } from '../simulator/until';
import { builtWorkflows } from './built-workflows';
import { FleetBench, type FleetStand } from './fleet-bench';
import { askedQuery } from './fleet-with-stand-ins';

/** How often something changes that the fleet has to decide on. */
const ROUNDS = 15;

let fleets: FleetBench;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ fleets, stop } = await FleetBench.start(40));
});
afterAll(() => stop());

function withFleet(work: (stand: FleetStand) => Promise<unknown>, change: Partial<FleetSettings> = {}): Promise<void> {
  return fleets.with(work, change);
}

test.concurrent(
  'the minimum is spread over all VPNs, moves to the other one when one is down, and back when that is healthy',
  () =>
    withFleet(async (stand) => {
      await stand.keep({ a: 2, b: 2 });
      await stand.set('a', { condition: 'down' });
      await stand.keep({ b: 4 });
      expect((await stand.state()).members).toContainEqual(
        expect.objectContaining({ vpn: 'a', facts: expect.objectContaining({ condition: 'down', target: 2 }) }),
      );
      await stand.set('a', { condition: 'healthy' });
      await stand.keep({ b: 2 });
      expect(await stand.told('a')).toEqual([2]);
    }),
);

test.concurrent('a stream on the last free engine brings up another engine at once', () =>
  withFleet(
    async (stand) => {
      await stand.set('a', { busy: 1 });
      await stand.set('b', { busy: 1 });
      await until('an engine without a stream', async () =>
        [...(await stand.told('a')), ...(await stand.told('b'))].includes(2),
      );
    },
    { minReplicas: 2 },
  ),
);

test.concurrent('a demand holds until the next one, also when the workflow continues as new', () =>
  withFleet(async (stand) => {
    await stand.fleet.signal(scaleSignal, 6);
    await stand.keep({ a: 3, b: 3 });
    const { runId } = await stand.fleet.describe();
    await until(
      'another run',
      async () => {
        const now = await stand.fleet.describe();
        // The workflow can't continue as new in a task during which a signal arrives.
        if (now.runId === runId && !now.raw.pendingWorkflowTask) await stand.set('a', {});
        return now.runId !== runId;
      },
      40_000,
    );
    expect(await stand.state()).toMatchObject({ demand: 6, wanted: 6 });
    // For the next run, if this one is terminated.
    expect((await stand.fleet.describe()).memo).toMatchObject({ demand: 6 });
    await stand.fleet.signal(scaleSignal, 1);
    await stand.keep({ a: 2, b: 2 });
    expect((await stand.state()).demand).toBeNull();
  }),
);

test.concurrent('without the fleet workflow each VPN keeps its target, and the next one takes over the demand', () =>
  withFleet(async (stand) => {
    await stand.fleet.signal(scaleSignal, 6);
    await stand.keep({ a: 3, b: 3 });
    await stand.fleet.terminate();
    // This report is lost: the next fleet workflow asks for it.
    await stand.set('a', { busy: 3 });
    await stand.set('b', { busy: 3 });
    expect((await stand.told('a')).at(-1)).toBe(3);
    await stand.supervision.restartIfNeeded();
    await until('one more than there are streams', async () =>
      [...(await stand.told('a')), ...(await stand.told('b'))].includes(4),
    );
    expect((await stand.state()).demand).toBe(6);
  }),
);

test.concurrent(
  'a fleet workflow of another version is ended and begun anew, and one of this version is left alone',
  () =>
    withFleet(async (stand) => {
      await stand.fleet.signal(scaleSignal, 6);
      await stand.keep({ a: 3, b: 3 });
      await stand.supervision.endOtherVersion();
      expect((await stand.fleet.describe()).status.name).toBe('RUNNING');
      expect((await stand.fleet.describe()).memo).toMatchObject({ demand: 6, workflowVersion: expect.any(Number) });
      await stand.fleet.terminate();
      const { settings } = stand;
      await stand.client.workflow.start('fleet', {
        workflowId: stand.fleet.workflowId,
        taskQueue: `portward-${settings.instance}`,
        args: [{ settings }],
        memo: { [DEMAND_IN_MEMO]: 8 },
      });
      await stand.keep({ a: 4, b: 4 });
      await stand.supervision.endOtherVersion();
      expect((await stand.fleet.describe()).status.name).toBe('TERMINATED');
      // Twice, since the next one may also be ended before it has done anything.
      for (let ended = 0; ended < 2; ended++) {
        await stand.supervision.begin();
        const { status, memo } = await stand.fleet.describe();
        expect([status.name, memo?.['demand']]).toEqual(['RUNNING', 8]);
        if (ended === 0) await stand.fleet.terminate();
      }
      await stand.keep({ a: 4, b: 4 });
    }),
);

test.concurrent('an accepted demand is known to the next run, however soon the workflow ends', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    await stand.fleet.startUpdate(scaleUpdate, { args: [6], waitForStage: WorkflowUpdateStage.ACCEPTED });
    await stand.fleet.terminate();
    const { events } = await stand.fleet.fetchHistory();
    await stand.supervision.begin();
    expect((await stand.fleet.describe()).memo).toMatchObject({ demand: 6 });
    await stand.keep({ a: 3, b: 3 });
    // Both are in one task, so nothing can come between them.
    const kinds = (events ?? []).map((e) =>
      e.workflowExecutionUpdateAcceptedEventAttributes
        ? 'accepted'
        : e.workflowPropertiesModifiedEventAttributes
          ? 'remembered'
          : 'other',
    );
    const accepted = kinds.indexOf('accepted');
    expect(kinds.slice(accepted, accepted + 2)).toEqual(['accepted', 'remembered']);
  }),
);

test.concurrent(
  'a request to scale that comes while the workflow ends and another begins is answered by the other',
  () =>
    withFleet(async (stand) => {
      await stand.fleet.terminate();
      const { settings, supervision } = stand;
      const { connection, options } = stand.client;
      const { workflow } = new Client({ connection, namespace: options.namespace });
      // Of a version that has no worker any more.
      await workflow.start('fleet', { workflowId: stand.fleet.workflowId, taskQueue: 'nobody', args: [{ settings }] });
      // Without deadlines, which would be missed on a busy machine.
      const patient = { connection: { withDeadline: (_at: number, ask: () => unknown) => ask() }, workflow };
      const source = new TemporalFleetSource(patient as unknown as Client, settings.instance);
      const begun = performance.now();
      const scaled = source.scale(6).catch((error: unknown) => {
        // It gives up after 2 s, and on a busy machine the next workflow may begin later.
        if (performance.now() - begun < 1_900) throw error;
        return until('the next fleet', () => source.scale(6).catch(() => null));
      });
      await Promise.all([scaled, supervision.endOtherVersion().then(() => supervision.begin())]);
      expect((await stand.fleet.describe()).memo).toMatchObject({ demand: 6 });
    }),
);

test.concurrent('malformed signals are ignored', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    // In one round or in two: `told` is what the last one told.
    const before = await until('both in its state', async () => {
      const state = await stand.state();
      return (
        state.members.length === 2 &&
        state.members.every(({ facts }) => facts?.target === 2 && facts.engines === 2) &&
        state
      );
    });
    for (const value of [-1, 1.5, '6', null, {}, Number.MAX_SAFE_INTEGER]) await stand.fleet.signal(scaleSignal, value);
    const { client } = stand;
    for (const value of [null, 'x', { ...stand.settings, instance: 'other' }, { ...stand.settings, vpns: [{}] }]) {
      await client.workflow.getHandle(stand.fleet.workflowId).signal('configure', value);
    }
    for (const value of [null, {}, { vpn: 'a', incarnation: 'x', facts: { condition: 'well' } }])
      await stand.fleet.signal(reportedSignal, value);
    expect(await stand.state()).toEqual(before);
    await stand.fleet.signal(scaleSignal, 6);
    await stand.keep({ a: 3, b: 3 });
  }),
);

test.concurrent('the running workflow takes over other settings', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    await stand.fleet.signal(configureFleetSignal, { ...stand.settings, minReplicas: 8 });
    await stand.keep({ a: 4, b: 4 });
  }),
);

test.concurrent(
  'an update is answered with the decision, when the targets have been sent to all VPNs that are there',
  () =>
    withFleet(async (stand) => {
      await stand.keep({ a: 2, b: 2 });
      const scale = (engines: number) => stand.fleet.executeUpdate(scaleUpdate, { args: [engines] });
      expect(await scale(6)).toEqual({ wanted: 6, targets: { a: 3, b: 3 } });
      expect((await stand.told('a')).at(-1)).toBe(3);
      // A lower target is sent at once, too, since somebody asked for it.
      expect(await scale(0)).toEqual({ wanted: 4, targets: { a: 2, b: 2 } });
      expect((await stand.told('b')).at(-1)).toBe(2);
      await stand.vpn('a').terminate();
      expect(await scale(6)).toEqual({ wanted: 6, targets: { a: 2, b: 4 } });
      for (const nonsense of [-1, 1.5]) await expect(scale(nonsense)).rejects.toThrow('Update failed');
    }),
);

/** Not of a run that has just begun: it has no task yet, and the SDK's replay of it would never end. */
async function* withTasks(histories: AsyncIterable<HistoryAndWorkflowId>): AsyncIterable<HistoryAndWorkflowId> {
  for await (const all of histories) {
    const { events } = all.history as History;
    if (events?.some((e) => e.workflowTaskCompletedEventAttributes)) yield all;
  }
}

test.concurrent('updates that are refused at any moment leave a history that replays', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    const scale = (engines: number) => stand.fleet.executeUpdate(scaleUpdate, { args: [engines] });
    let refused = 0;
    // All the time, so that one comes when a decision is due and its timer has not fired, or when the history has grown long.
    const { stop: stopRefusing } = meanwhile(() =>
      scale(-1).then(
        () => Promise.reject(new Error('expected a refusal')),
        () => refused++,
      ),
    );
    for (let n = 0; n < ROUNDS; n++) {
      const before = refused;
      await Promise.all([stand.set('a', { busy: n % 2 }), stand.fleet.signal(scaleSignal, n % 2 === 0 ? 6 : 8)]);
      await until('a few refusals', () => refused > before + 2);
    }
    await stopRefusing();
    const { workflowId } = stand.fleet;
    const { workflow } = stand.client;
    const runs = workflow.list({ query: `WorkflowId = '${workflowId}'` });
    // One worker for all of them, since there may be many runs on a busy machine.
    const replays = Worker.runReplayHistories({ workflowBundle: builtWorkflows }, withTasks(runs.intoHistories()));
    let replayed = 0;
    for await (const { error } of replays) {
      expect(error).toBeUndefined();
      replayed++;
    }
    expect(replayed).toBeGreaterThan(0);
  }),
);

test.concurrent('VPNs that have not reported are asked regularly, and the others are not', () =>
  withFleet(
    async (stand) => {
      await stand.keep({ a: 2, b: 2 });
      await Promise.all([stand.fleet.terminate(), stand.vpn('a').terminate()]);
      await stand.startVpn('a', 1, { isMute: true });
      await stand.supervision.begin();
      const asked = (name: string) => stand.vpn(name).query(askedQuery);
      await until('the one that is mute asked more often', async () => (await asked('a')) > (await asked('b')) + 2);
    },
    { autoscaleIntervalMs: 300 },
  ),
);

test.concurrent('a VPN whose workflow is gone keeps its share, and is sent its target when it is back', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    await stand.vpn('a').terminate();
    await stand.fleet.signal(scaleSignal, 6);
    await stand.keep({ b: 4 });
    await stand.startVpn('a', 1);
    await stand.keep({ a: 3, b: 3 });
  }),
);

test.concurrent('the Temporal UI shows the pool as a table', () =>
  withFleet(async (stand) => {
    await stand.keep({ a: 2, b: 2 });
    const details = await until('the table', async () => {
      const text = await stand.fleet.query<string>('__temporal_workflow_metadata').catch(() => null);
      return text && JSON.stringify(text).includes('| a | healthy | 2 | 0 | 2 |') ? JSON.stringify(text) : null;
    });
    expect(details).toMatch(/4 engines wanted/);
  }),
);

test.concurrent("a fleet workflow that can't go on is begun anew, with its demand", () =>
  withFleet(async (stand) => {
    await stand.fleet.terminate();
    const { settings, fleet } = stand;
    const stuck = await stand.client.workflow.start('fleet', {
      workflowId: fleet.workflowId,
      taskQueue: `portward-${settings.instance}`,
      args: [{ settings: null }],
      memo: { [DEMAND_IN_MEMO]: 6, [VERSION_IN_MEMO]: WORKFLOW_VERSION },
    });
    await until('another one', async () => {
      await stand.supervision.restartIfNeeded();
      return (await fleet.describe()).runId !== stuck.firstExecutionRunId;
    });
    await stand.keep({ a: 3, b: 3 });
  }),
);
