import { Client, WorkflowNotFoundError } from '@temporalio/client';
import pino from 'pino';
import type { VpnSettings } from '../../src/domain/settings';
import { recheckSignal } from '../../src/workflows/vpn/messages';
import { WORKFLOW_VERSION } from '../../src/workflows/version';
import { replacementWorkflowIdPrefix, vpnWorkflowId } from '../../src/domain/names';
import { endWithReplacements, listRunning } from '../../src/worker/supervision/end-workflows';
import { endOtherVersions } from '../../src/worker/supervision/other-version';
import { Supervision } from '../../src/worker/supervision/supervision';
import { until } from '../simulator/until';
import { TemporalBench, type VpnStand } from './bench';

const log = pino({ level: 'silent' });

let bench: TemporalBench;
let client: Client;

beforeAll(async () => {
  bench = await TemporalBench.start({ historyIsLongAt: 30 });
  client = bench.sharingClient;
});
afterAll(() => bench.stop());

/** Begins a supervision. @param as the configured VPN, if that is not the stand's own */
type Supervise = (as?: Partial<VpnSettings>) => Supervision;

/** Runs the work with a VPN that is alone in its instance. */
function withVpn(
  work: (stand: VpnStand, supervise: Supervise) => Promise<unknown>,
  change: Partial<VpnSettings> = {},
): Promise<void> {
  return bench.with(async (stand) => {
    const begun: Supervision[] = [];
    const supervise: Supervise = (as = {}) => {
      const supervision = new Supervision(client, [{ ...stand.settings, ...as }], log);
      begun.push(supervision);
      void supervision.start();
      return supervision;
    };
    try {
      await work(stand, supervise);
    } finally {
      await Promise.all(begun.map((supervision) => supervision.stop()));
    }
  }, change);
}

function end({ settings }: VpnStand, vpns = [settings.vpn]): Promise<void> {
  return endOtherVersions({ client, instance: settings.instance, vpns, log });
}

async function statusOf(workflowId: string, runId?: string): Promise<string> {
  return (await client.workflow.getHandle(workflowId, runId).describe()).status.name;
}

/** A workflow without a version, as before there were versions, with a replacement that keeps failing. */
async function otherVersion(stand: VpnStand): Promise<{ runId: string; replacement: string }> {
  stand.failing = { activity: 'createEngine', message: 'not yet' };
  await stand.start();
  const { replacements } = await stand.untilState('a replacement', (s) => s.replacements.length > 0);
  const { runId } = await stand.handle.describe();
  return { runId, replacement: replacements[0]?.id ?? '' };
}

test.concurrent("a VPN's workflow has its version in the memo, also after it has continued as new", () =>
  withVpn(
    async (stand, supervise) => {
      supervise();
      await until('its workflow', async () => (await stand.handle.describe().catch(() => null)) !== null);
      const first = await stand.handle.describe();
      await stand.untilForwarded(40_000);
      await until('another run', async () => {
        await stand.handle.signal(recheckSignal);
        return (await stand.handle.describe()).runId !== first.runId;
      });
      expect((await stand.handle.describe()).memo).toEqual({ workflowVersion: WORKFLOW_VERSION });
      await end(stand);
      expect(await statusOf(stand.workflowId)).toBe('RUNNING');
    },
    { evictionGraceMs: 300 },
  ),
);

test.concurrent(
  "from the next worker's start until its first snapshot, which comes at once, a VPN's list is not current",
  () =>
    withVpn(async (stand, supervise) => {
      const isCurrent = async () => {
        const { engines } = await stand.lists();
        return engines.unchanged ? null : engines.value.current;
      };
      const first = supervise();
      await until('its workflow', async () => (await stand.handle.describe().catch(() => null)) !== null);
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      expect(await isCurrent()).toBe(true);
      const { revision } = await stand.state();
      await first.stop();
      // The list is queried between the start and the first complete snapshot.
      stand.port = { kind: 'pending' };
      supervise();
      await until('the next worker', async () => !(await isCurrent()));
      expect((await stand.listed()).map((e) => e.forwarded)).toEqual([true]);
      stand.port = { kind: 'known', port: 40_000 };
      await until('its snapshot', isCurrent, 9_000);
      expect((await stand.state()).revision).toBe(revision + 1);
    }),
);

test('the start returns when every workflow has been started, though no worker runs yet', async () => {
  const stand = bench.stand();
  const supervision = new Supervision(client, [stand.settings], log);
  try {
    await supervision.start();
    // With a pending task no query runs ahead of the signals: the server has the query answered with the task.
    expect((await stand.handle.describe()).raw.pendingWorkflowTask).toBeTruthy();
  } finally {
    await supervision.stop();
    await stand.terminate();
  }
});

test.concurrent('a workflow that somebody has terminated is begun anew, and its engine is adopted', () =>
  withVpn(async (stand, supervise) => {
    const supervision = supervise();
    await until('its workflow', async () => (await stand.handle.describe().catch(() => null)) !== null);
    const { engines } = await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    await stand.handle.terminate('by a test');
    supervision.checkNow();
    await until('it running again', async () => (await statusOf(stand.workflowId)) === 'RUNNING');
    expect((await stand.untilForwarded(40_000)).engines.map((e) => e.id)).toEqual(engines.map((e) => e.id));
    expect((await stand.state()).replacements).toEqual([]);
  }),
);

test.concurrent(
  'the workflow of a VPN that is not configured any more ends when a worker starts, and its engine is left alone',
  () =>
    withVpn(async (stand, supervise) => {
      await stand.start();
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      const prefix = vpnWorkflowId(stand.settings.instance, '');
      await until('it in the list', async () => (await listRunning(client, prefix)).includes(stand.workflowId));
      supervise({ vpn: 'another' });
      await until('it ended', async () => (await statusOf(stand.workflowId)) === 'COMPLETED');
      expect(stand.engines.size).toBe(1);
    }),
);

test.concurrent('a workflow of another version is ended with its replacements, and the next one begins anew', () =>
  withVpn(async (stand, supervise) => {
    const other = await otherVersion(stand);
    await end(stand);
    expect(await statusOf(stand.workflowId)).toBe('TERMINATED');
    expect(await statusOf(other.replacement)).toBe('TERMINATED');
    stand.failing = null;
    supervise();
    await stand.untilForwarded(40_000);
    await stand.untilQuiet();
    expect(stand.engines.size).toBe(1);
  }),
);

test.concurrent('after an interrupted end the next start ends the remaining replacements', () =>
  withVpn(async (stand) => {
    const other = await otherVersion(stand);
    await stand.handle.terminate();
    await end(stand);
    expect(await statusOf(other.replacement)).toBe('TERMINATED');
  }),
);

test.concurrent("two workers that start at the same moment start one workflow, and neither ends the other's", () =>
  withVpn(async (stand, supervise) => {
    const other = await otherVersion(stand);
    stand.failing = null;
    await Promise.all([1, 2, 3].map(() => end(stand).then(() => supervise())));
    await stand.untilForwarded(40_000);
    const { runId } = await stand.handle.describe();
    await end(stand);
    // It may have continued as new.
    expect(await statusOf(stand.workflowId, runId)).not.toBe('TERMINATED');
    expect(await statusOf(stand.workflowId, other.runId)).toBe('TERMINATED');
  }),
);

test.concurrent('a worker that ends a workflow late leaves the replacements of the next one alone', () =>
  withVpn(async (stand, supervise) => {
    const other = await otherVersion(stand);
    const seen = await stand.handle.describe();
    await end(stand);
    supervise();
    const prefix = replacementWorkflowIdPrefix(stand.settings.instance, stand.settings.vpn);
    // The list may lag behind, and still have the replacement that was ended.
    const next = await until('the next replacement in the list', async () =>
      (await listRunning(client, prefix)).find((id) => id !== other.replacement),
    );
    await endWithReplacements(client, seen, prefix, 'seen before it ended');
    expect(await statusOf(other.replacement)).toBe('TERMINATED');
    expect(await statusOf(next)).toBe('RUNNING');
  }),
);

test.concurrent("a replacement that begins just after its parent's end is ended, too", () =>
  withVpn(async (stand) => {
    const { replacement } = await otherVersion(stand);
    // So early Temporal does not know it yet.
    let tooEarly = 0;
    const early = new Client({
      connection: client.connection,
      interceptors: {
        workflow: [
          {
            terminate: (input, next) => {
              const { workflowId } = input.workflowExecution;
              if (workflowId !== replacement || tooEarly >= 2) return next(input);
              tooEarly++;
              throw new WorkflowNotFoundError('not yet begun', replacement, undefined);
            },
          },
        ],
      },
    });
    // Nor is it in the list of running workflows, none of which has this prefix.
    await endWithReplacements(early, await stand.handle.describe(), 'replace/none of them/', 'it ends');
    expect(tooEarly).toBe(2);
    expect(await statusOf(stand.workflowId)).toBe('TERMINATED');
    expect(await statusOf(replacement)).toBe('TERMINATED');
  }),
);

test.concurrent('a workflow of another version, of a VPN that is not configured any more, is ended, too', () =>
  withVpn(async (stand) => {
    const other = await otherVersion(stand);
    await until('it in the list', async () => {
      await end(stand, []);
      return (await statusOf(stand.workflowId)) === 'TERMINATED';
    });
    expect(await statusOf(other.replacement)).toBe('TERMINATED');
  }),
);
