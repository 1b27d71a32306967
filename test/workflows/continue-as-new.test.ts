import { WithStartWorkflowOperation } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import pino from 'pino';
import { fleetWorkflowId } from '../../src/domain/names';
import { FleetSupervision } from '../../src/worker/supervision/fleet';
import { fleetStateQuery } from '../../src/workflows/fleet/messages';
import { recheckSignal, replaceEngineUpdate, setTargetSignal, streamsSignal } from '../../src/workflows/vpn/messages';
import type { vpn, VpnInput } from '../../src/workflows/vpn/workflow';
import { until } from '../simulator/until';
import { presentVpn } from '../builders';
import { fleetSettings } from '../fleet-builders';
import { started } from '../stream-events';
import { TemporalBench } from './bench';

let bench: TemporalBench;

beforeAll(async () => {
  // The server suggests continue-as-new after 4,096 events; here after so few that it meets everything that can be under way.
  bench = await TemporalBench.start({ historyIsLongAt: 30 });
});
afterAll(() => bench.stop());

test.concurrent('a VPN that keeps continuing as new loses no port change, no running replacement and no engine', () =>
  bench.with(
    async (stand) => {
      await stand.startForwarded();
      await stand.handle.signal(setTargetSignal, 2);
      const { engines } = await stand.untilState('a plain engine', (s) => s.engines.some((e) => e.role === 'plain'));
      const containerId = engines.find((e) => e.role === 'plain')?.id ?? '';
      await stand.handle.signal(streamsSignal, [started('a', { containerId })]);
      const runs = new Set<string>();
      for (let port = 40_001; port <= 40_011; port++) {
        stand.port = { kind: 'known', port };
        await stand.handle.signal(recheckSignal);
        runs.add((await stand.handle.describe()).runId);
        await stand.untilForwarded(port);
      }
      await stand.untilQuiet();
      const state = await stand.untilState('nothing evicted any more', (s) => s.evicted.length === 0);
      expect(runs.size).toBeGreaterThan(3);
      expect(state.engines.map((e) => [e.id === containerId, e.p2pPort])).toEqual([
        [true, null],
        [false, 40_011],
      ]);
      expect([...stand.engines.keys()].toSorted()).toEqual(state.engines.map((e) => e.id).toSorted());
      expect(state.replacements.every((r) => r.state === 'completed')).toBe(true);
      expect(state.fleetTarget).toBe(2);
      expect(state.streams.filter((s) => s.endedAt === null)).toMatchObject([{ id: 'a', containerId }]);
      const numbers = state.events.map((item) => item.number);
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
      expect(numbers).toHaveLength(50);
    },
    { evictionGraceMs: 1_500, longestBackoffMs: 0 },
  ),
);

test.concurrent('each report of a VPN that keeps continuing as new reaches the fleet', () =>
  bench.with(
    async (stand) => {
      const { instance, vpn } = stand.settings;
      // The fleet does not ask for a report that is missing.
      const settings = fleetSettings({ instance, autoscaleIntervalMs: 3_600_000 }, [vpn]);
      await new FleetSupervision(bench.sharingClient, settings, pino({ level: 'silent' })).begin();
      await stand.startForwarded();
      const fleet = bench.client.workflow.getHandle(fleetWorkflowId(instance));
      const reported = async () => (await fleet.query(fleetStateQuery)).members[0]?.facts?.condition;
      try {
        await until('the first report', async () => (await reported()) === 'healthy');
        const runs = new Set<string>();
        for (let change = 0; change < 20; change++) {
          const isHealthy = change % 2 === 1;
          stand.vpn = presentVpn({ id: 'vpn-1', startedAt: 1_000, health: isHealthy ? 'healthy' : 'unhealthy' });
          await until(`report ${change} in the fleet`, async () => ((await reported()) === 'healthy') === isHealthy);
          runs.add((await stand.handle.describe()).runId);
        }
        expect(runs.size).toBeGreaterThan(3);
      } finally {
        await fleet.terminate();
      }
    },
    { replaceOnReconnect: false, unhealthyRestartMs: 0 },
  ),
);

test.concurrent('a forced replacement that is asked for while the VPN continues as new is carried out once', () =>
  bench.with(
    async (stand) => {
      await stand.startForwarded();
      const first = (await stand.handle.describe()).runId;
      const asked = stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ requestId: 'once' }] });
      await until('another run', async () => {
        const now = await stand.handle.describe();
        // A workflow can't continue as new in a task during which a signal arrives.
        if (now.runId === first && !now.raw.pendingWorkflowTask) await stand.handle.signal(recheckSignal);
        return now.runId !== first;
      });
      const { id } = await asked;
      await stand.untilQuiet();
      const again = await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ requestId: 'once' }] });
      expect(again.id).toBe(id);
      expect((await stand.state()).replacements.filter((r) => r.cause === 'forced')).toHaveLength(1);
    },
    { evictionGraceMs: 300 },
  ),
);

test.concurrent('a replacement that is asked for just when the next run begins does not count as ended', async () => {
  const { client } = bench.env;
  const stand = bench.stand({ evictionGraceMs: 300 });
  try {
    let carried: VpnInput | undefined;
    await bench.withWorker(stand, async () => {
      await stand.start();
      await stand.untilForwarded(40_000);
      const first = await stand.handle.describe();
      await until('another run', async () => {
        const now = await stand.handle.describe();
        if (now.runId === first.runId && !now.raw.pendingWorkflowTask) await stand.handle.signal(recheckSignal);
        return now.runId !== first.runId;
      });
      await stand.untilQuiet();
      const [begun] = (await stand.handle.fetchHistory()).events ?? [];
      const [payload] = begun?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      carried = payload && defaultPayloadConverter.fromPayload<VpnInput>(payload);
    });
    await stand.terminate();
    if (!carried) throw new Error('the run has no input');
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof vpn>('vpn', {
      workflowId: stand.workflowId,
      taskQueue: stand.taskQueue,
      args: [carried],
      workflowIdConflictPolicy: 'FAIL',
    });
    // Both come with the first task of the run, as when the server has kept an update until then.
    const asked = client.workflow.executeUpdateWithStart(replaceEngineUpdate, { startWorkflowOperation, args: [{}] });
    await bench.withWorker(stand, async () => {
      const { number } = await asked;
      await stand.untilQuiet();
      const { replacements } = await stand.state();
      expect(replacements.find((r) => r.number === number)?.state).toBe('completed');
      expect(stand.calls.filter((call) => call.startsWith('createEngine'))).toHaveLength(2);
    });
  } finally {
    await stand.terminate();
  }
});

test.concurrent('a replacement whose history has grown long because it keeps failing continues in a new run', () =>
  bench.with(
    async (stand) => {
      await stand.startForwarded();
      stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      const running = (await stand.state()).replacements.find((r) => r.state === 'running');
      const child = bench.env.client.workflow.getHandle(running?.id ?? '');
      const first = (await child.describe()).runId;
      await until('another run', async () => (await child.describe()).runId !== first, 30_000);
      const created = stand.calls.filter((c) => c === 'createEngine 40001').length;
      stand.failing = null;
      await stand.untilQuiet();
      expect(stand.calls.filter((c) => c === 'createEngine 40001')).toHaveLength(created);
      expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
    },
    { evictionGraceMs: 300 },
  ),
);
