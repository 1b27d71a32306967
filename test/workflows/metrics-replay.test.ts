import { exporterAt, freeLoopbackPort, workerMetricsAt } from '../../src/metrics/worker-metrics';
import { parseExposition, valueOf, type Family } from '../metrics/exposition';
import { until } from '../simulator/until';
import { TemporalBench, type VpnStand } from './bench';

// A worker that keeps no workflow in its cache replays the whole history for each task: what were counted by replay as well
// would be counted over and over.

let bench: TemporalBench;
let port: number;

beforeAll(async () => {
  port = await freeLoopbackPort();
  bench = await TemporalBench.start({ metrics: exporterAt({ host: '127.0.0.1', port }) });
}, 120_000);
afterAll(() => bench.stop());

async function scrape(): Promise<Map<string, Family>> {
  return parseExposition(await workerMetricsAt({ host: '127.0.0.1', port }));
}

/** How often the VPN's workflow has been replayed. */
const replays = async (stand: VpnStand) =>
  valueOf(await scrape(), 'temporal_workflow_task_replay_latency_seconds_count', {
    task_queue: `portward-${stand.settings.instance}`,
    workflow_type: 'vpn',
  }) ?? 0;

/** What its workflows have counted, by the sample's name, over all labels. */
async function own(stand: VpnStand): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (const { samples } of (await scrape()).values()) {
    for (const { name, labels, value } of samples) {
      if (!name.startsWith('portward_') || labels['task_queue'] !== `portward-${stand.settings.instance}`) continue;
      counted.set(name, (counted.get(name) ?? 0) + value);
    }
  }
  return counted;
}

test('what is replayed is not counted again', async () => {
  await bench.withOwnWorker(
    async (stand) => {
      await stand.start();
      await stand.untilForwarded(40_000);
      await stand.untilQuiet();
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await stand.untilQuiet();
      const counted = await own(stand);
      // A task whose answer Temporal does not take is carried out once more, and counts once more.
      expect(counted.get('portward_port_changes_total')).toBeGreaterThanOrEqual(1);
      expect(counted.get('portward_replacements_total')).toBeGreaterThanOrEqual(2);
      expect(counted.get('portward_port_change_hidden_seconds_count')).toBeGreaterThanOrEqual(1);
      const before = await replays(stand);
      await until('further tasks, each with a replay of all', async () => {
        await stand.handle.signal('recheck');
        return (await replays(stand)) > before + 2;
      });
      expect(await own(stand)).toEqual(counted);
    },
    {},
    { maxCachedWorkflows: 0 },
  );
}, 120_000);
