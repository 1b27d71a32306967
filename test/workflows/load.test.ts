import type { WorkflowHandle } from '@temporalio/client';
import type { ObservedEngine } from '../../src/domain/vpn/observation';
import { label } from '../../src/domain/names';
import type { Stream } from '../../src/domain/streams/stream';
import { replaceEngineUpdate, streamsSignal } from '../../src/workflows/vpn/messages';
import { setTimeout as sleep } from 'node:timers/promises';
import { started } from '../stream-events';
import { ALL } from '../repetitions';
import { TemporalBench, type VpnStand } from './bench';

/** More in `npm run test:all`, to see whether anything grows with each of them. */
const CHANGES = ALL ? 2_000 : 20;
/** Some port changes are waited for, and during some there is another request. */
const EACH = { answered: 10, forced: ALL ? 100 : 2 };

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start({ historyIsLongAt: ALL ? 400 : 60 });
});
afterAll(() => bench.stop());

test.concurrent(
  'through many port changes in a row a VPN loses none of the requests that come meanwhile',
  () =>
    bench.with(
      async (stand) => {
        stand.port = { kind: 'known', port: 30_000 };
        await stand.start();
        await stand.untilForwarded(30_000);
        const runs = new Set<string>();
        const forced: string[] = [];
        for (let i = 1; i <= CHANGES; i++) {
          const port = 30_000 + i;
          // Mostly the port changes again before an engine answers, sometimes it stays long enough.
          stand.engineAnswers = i % EACH.answered === 0;
          stand.port = { kind: 'known', port };
          while (!knows(stand, port)) await sleep(2);
          if (stand.engineAnswers) await stand.untilForwarded(port);
          if (i % EACH.forced !== 0) continue;
          runs.add((await stand.handle.describe()).runId);
          // A request in between, which must be carried out whichever run gets it.
          const { id } = await stand.handle.executeUpdate(replaceEngineUpdate, {
            args: [{ requestId: `forced-${i}` }],
          });
          forced.push(id);
        }
        const last = 30_000 + CHANGES;
        await stand.untilForwarded(last);
        await stand.untilQuiet();
        const state = await stand.untilState('nothing evicted any more', (s) => s.evicted.length === 0);
        expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([last]);
        expect(state.engines.map((e) => e.p2pPort)).toEqual([last]);
        expect(runs.size).toBeGreaterThan(3);
        for (const id of forced)
          await expect(bench.env.client.workflow.getHandle(id).result()).resolves.toMatchObject({ failedAttempts: 0 });
        const { historyLength } = await stand.handle.describe();
        expect(historyLength).toBeLessThan(1_000);
      },
      { evictionGraceMs: 0, longestBackoffMs: 0 },
    ),
  600_000,
);

test.concurrent(
  'no event of a VPN with 100 engines, or of its replacements, is over 64 KB',
  () =>
    bench.with(
      async (stand) => {
        for (let i = 0; i < 100; i++) addOldEngine(stand, i);
        await stand.start();
        await stand.untilState('all engines', (s) => s.engines.length === 100, 30_000);
        const streams = [...stand.engines.keys()].map((containerId, i) => started(`${i}`, ordinary(containerId, i)));
        // As the API sends them, in batches below 64 KB.
        for (const batch of [streams.slice(0, 50), streams.slice(50)]) await stand.handle.signal(streamsSignal, batch);
        const first = (await stand.handle.describe()).runId;
        const runs = new Set([first]);
        for (let port = 40_001; runs.size < 3; port++) {
          stand.port = { kind: 'known', port };
          await stand.untilForwarded(port);
          runs.add((await stand.handle.describe()).runId);
        }
        await stand.untilQuiet();
        const { replacements, streams: known } = await stand.state();
        // All except the one on the forwarded engine, which was replaced.
        expect(known.filter((s) => s.endedAt === null)).toHaveLength(99);
        const handles = [
          ...[...runs].map((runId) => bench.env.client.workflow.getHandle(stand.workflowId, runId)),
          ...replacements.map(({ id }) => bench.env.client.workflow.getHandle(id)),
        ];
        const sizes = (await Promise.all(handles.map(eventSizes))).flat();
        const [greatest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
        expect(greatest?.bytes).toBeGreaterThan(10_000);
        expect(sizes.filter(({ bytes }) => bytes >= 64 * 1024)).toEqual([]);
      },
      {
        targetEngines: 100,
        evictionGraceMs: 0,
        longestBackoffMs: 0,
        httpPorts: { first: 19_000, last: 19_999 },
        httpsPorts: { first: 45_000, last: 45_999 },
      },
    ),
  120_000,
);

function knows({ lastReported }: VpnStand, port: number): boolean {
  return lastReported?.kind === 'snapshot' && lastReported.port.kind === 'known' && lastReported.port.port === port;
}

/** As large as real ones are: an id of 64 characters, a long name, labels of an image. */
function addOldEngine(stand: VpnStand, i: number): void {
  const id = String(i).padStart(64, 'a');
  const engine: ObservedEngine = {
    id,
    name: `acestream_gluetun-at-home_${i}_1_abcdef12`,
    role: i === 0 ? 'forwarded' : 'plain',
    httpPort: 19_000 + i,
    httpsPort: 45_000 + i,
    p2pPort: i === 0 ? 40_000 : null,
    labels: {
      [label.instance]: stand.settings.instance,
      [label.replacement]: `0123abcd/${i}`,
      [label.spec]: 'bb506fd009b8beab',
    },
    createdAt: Date.now(),
    evicted: false,
    running: true,
    startedAt: Date.now(),
    networkOf: 'vpn-1',
    health: 'healthy',
  };
  stand.engines.set(id, engine);
}

/** A stream as proxies report it. */
function ordinary(containerId: string, i: number): Partial<Stream> {
  const key = String(i).padStart(40, 'b');
  const playbackSessionId = String(i).padStart(40, 'c');
  const address = (what: string) => `http://gluetun-at-home:${19_000 + i}/ace/${what}/${key}/${playbackSessionId}`;
  const urls = { statUrl: address('stat'), commandUrl: address('cmd') };
  return { id: `${key}|${playbackSessionId}`, key, playbackSessionId, containerId, ...urls };
}

async function eventSizes(handle: WorkflowHandle): Promise<{ type: string; bytes: number }[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map((event) => ({ type: String(event.eventType), bytes: payloadBytes(event) }));
}

/** Everything in an event's payloads. */
function payloadBytes(part: unknown): number {
  if (part instanceof Uint8Array) return part.length;
  if (typeof part !== 'object' || part === null) return 0;
  return Object.values(part).reduce((sum: number, inner) => sum + payloadBytes(inner), 0);
}
