// Requests for engines, removals and targets, with the real workflows on a real Temporal server.
import { randomUUID } from 'node:crypto';
import {
  collectGarbageSignal,
  provisionEngineUpdate,
  removeEngineUpdate,
  reportSignal,
  setTargetSignal,
  streamsSignal,
  type ProvisionRequest,
} from '../../src/workflows/vpn/messages';
import { poolState } from '../fleet-builders';
import { until } from '../simulator/until';
import { ended, started } from '../stream-events';
import { TemporalBench, type VpnStand } from './bench';

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

const brisk = { evictionGraceMs: 300 };
/** Longer than any test here takes. */
const HOUR_MS = 3_600_000;

function provision(stand: VpnStand, change: Partial<ProvisionRequest> = {}) {
  const request = { requestId: randomUUID(), labels: {}, sealedEnv: null, httpPort: null, ...change };
  return stand.handle.executeUpdate(provisionEngineUpdate, { args: [request] });
}

function remove(stand: VpnStand, engine: string) {
  return stand.handle.executeUpdate(removeEngineUpdate, { args: [{ engine }] });
}

function refusedFor(reason: RegExp) {
  return { cause: { type: 'ProvisioningRefused', message: expect.stringMatching(reason) } };
}

async function begin(stand: VpnStand, engines = 1) {
  await stand.start();
  await stand.untilState(`${engines} engines`, (s) => s.engines.filter((e) => e.ready).length === engines);
  return stand.untilQuiet();
}

test.concurrent(
  'a requested engine is the same one for a repeated request, has the caller options also after its ports have moved, and is listed',
  () =>
    bench.with(async (stand) => {
      await begin(stand);
      stand.engineAnswers = false;
      const labels = { stream_id: 'ch-42', long: 'x'.repeat(400) };
      const request = { requestId: 'once', labels, sealedEnv: 'v1.sealed', httpPort: 19_005 };
      const first = await provision(stand, request);
      const second = await provision(stand, request);
      expect(second.id).toBe(first.id);
      await stand.untilState('its container', (s) => s.replacements.some((r) => r.id === first.id && r.made !== null));
      // Now that port is the forwarded port.
      stand.port = { kind: 'known', port: 19_005 };
      const moved = () => stand.targets.filter((t) => t.role === 'plain').at(-1);
      await until('another port', () => moved()?.generation === 2);
      stand.engineAnswers = true;
      await stand.untilForwarded(19_005);
      const state = await stand.untilQuiet();
      const own = state.replacements.find((r) => r.id === first.id);
      expect(stand.targets.filter((t) => t.role === 'plain').map((t) => t.callerOptions)).toEqual([
        { labels, sealedEnv: 'v1.sealed' },
        { labels, sealedEnv: 'v1.sealed' },
      ]);
      expect((await stand.listed()).map((e) => e.id)).toContain(own?.newEngine?.id);
      // The state stays small: the sealed environment is needed only where the container is made.
      expect(own?.target?.callerOptions).toEqual({ labels: { stream_id: 'ch-42' }, sealedEnv: null });
      expect(first.target?.callerOptions?.sealedEnv).toBeNull();
      expect((await provision(stand, request)).id).toBe(first.id);
    }, brisk),
);

test.concurrent('a requested engine may have a stream before it is listed: the caller plays, and reports it once', () =>
  bench.with(async (stand) => {
    await begin(stand);
    stand.engineAnswers = false;
    const { id } = await provision(stand);
    const { replacements } = await stand.untilState('its container', (s) =>
      s.replacements.some((r) => r.id === id && r.made !== null),
    );
    const made = replacements.find((r) => r.id === id)?.made?.id ?? '';
    const { engines } = await stand.lists();
    if (engines.unchanged) throw new Error('nothing was known before');
    expect(engines.value.hidden.map((e) => e.id)).toContain(made);
    await stand.handle.signal(streamsSignal, [started('early', { containerId: made })]);
    expect((await stand.streams()).map((s) => s.id)).toEqual(['early']);
    stand.engineAnswers = true;
    await until('it listed with its stream', async () =>
      (await stand.listed()).some((e) => e.id === made && e.streams.includes('early')),
    );
    // It counts as busy from then on, so nobody else gets it.
    expect((await stand.listed()).find((e) => e.id === made)?.lastUsedAt).toEqual(expect.any(Number));
    await stand.untilQuiet();
  }, brisk),
);

test.concurrent('a request for an engine is refused when no port is left, and the VPN is served as before', () =>
  bench.with(
    async (stand) => {
      await begin(stand);
      await provision(stand, { httpPort: 19_001 });
      await stand.untilState('the second engine', (s) => s.engines.filter((e) => e.ready).length === 2);
      await expect(provision(stand)).rejects.toMatchObject(refusedFor(/no free HTTP port/));
      await expect(provision(stand, { httpPort: 19_001 })).rejects.toMatchObject(refusedFor(/port 19001 .* is taken/));
      await expect(provision(stand, { httpPort: 20_000 })).rejects.toMatchObject(refusedFor(/port 20000 is not among/));
      await expect(provision(stand, { requestId: '' })).rejects.toMatchObject(refusedFor(/expected requestId/));
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
    },
    { ...brisk, httpPorts: { first: 19_000, last: 19_001 } },
  ),
);

test.concurrent(
  'an engine that is removed on request gets a successor, a forwarded one on the same port; a repeated request joins the removal',
  () =>
    bench.with(
      async (stand) => {
        const { engines } = await begin(stand, 2);
        const plain = engines.find((e) => e.role === 'plain');
        const forwarded = engines.find((e) => e.role === 'forwarded');
        stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
        const first = await remove(stand, plain?.name ?? '');
        expect(first).toMatchObject({ cause: 'removed', target: null });
        expect((await stand.listed()).map((e) => e.id)).not.toContain(plain?.id);
        expect((await remove(stand, plain?.id ?? '')).id).toBe(first.id);
        stand.failing = null;
        const second = await remove(stand, forwarded?.id.slice(0, 12) ?? '');
        await until('both gone', () => !stand.engines.has(plain?.id ?? '') && !stand.engines.has(forwarded?.id ?? ''));
        await stand.untilForwarded(40_000);
        await stand.untilState('two again', (s) => s.engines.filter((e) => e.ready).length === 2);
        await stand.untilQuiet();
        // It is gone for long, and still known.
        expect((await remove(stand, forwarded?.id ?? '')).id).toBe(second.id);
        await expect(remove(stand, 'nobody')).rejects.toMatchObject({ cause: { type: 'NoSuchEngine' } });
        expect(stand.engines.size).toBe(2);
      },
      { ...brisk, targetEngines: 2 },
    ),
);

test.concurrent('a higher target brings up engines, and on request surplus ones are removed, none with a stream', () =>
  bench.with(
    async (stand) => {
      await begin(stand);
      for (const nonsense of [[], ['3'], [-1], [1.5], [1001], [null], [{ engines: 3 }]])
        await stand.handle.signal('setTarget', ...nonsense);
      await stand.handle.signal(setTargetSignal, 3);
      const { engines, replacements } = await stand.untilState('three engines', (s) => {
        const ready = s.engines.filter((e) => e.ready);
        return ready.length === 3;
      });
      expect(replacements.map((r) => r.cause)).toEqual(['first engine', 'scaled up', 'scaled up']);
      await stand.untilQuiet();
      const [, busy] = engines.filter((e) => e.role === 'plain');
      await stand.handle.signal(streamsSignal, [started('a', { containerId: busy?.id ?? '' })]);
      await until('what the fleet is told', async () => (await stand.reports()).at(-1)?.busy === 1);
      expect((await stand.reports()).at(-1)).toEqual(poolState({ engines: 3, busy: 1, target: 3 }));
      await stand.handle.signal(setTargetSignal, 1);
      await stand.handle.signal(collectGarbageSignal);
      await until('one idle engine gone', () => stand.engines.size === 2);
      await stand.untilQuiet();
      const left = await stand.listed();
      expect(left.map((e) => [e.role, e.streams])).toEqual([
        ['forwarded', []],
        ['plain', ['a']],
      ]);
      await stand.handle.signal(streamsSignal, [ended('a', Date.now())]);
      await stand.handle.signal(collectGarbageSignal);
      await until('the other one gone', () => stand.engines.size === 1);
      expect((await stand.listed()).map((e) => e.forwarded)).toEqual([true]);
    },
    { ...brisk, idleGraceMs: HOUR_MS },
  ),
);

test.concurrent(
  'surplus engines of a lower target are removed at once on request; the fleet gets a report for each change, and no others',
  () =>
    bench.with(
      async (stand) => {
        await begin(stand, 3);
        await stand.handle.signal(setTargetSignal, 2);
        await stand.untilState('the target', (s) => s.fleetTarget === 2);
        const last = async () => (await stand.reports()).at(-1);
        // The fleet itself has set the target, so it is not reported.
        expect(await last()).toEqual(poolState({ engines: 3, target: 3 }));
        expect(stand.engines.size).toBe(3);
        await stand.handle.signal(collectGarbageSignal);
        await until('one engine gone', () => stand.engines.size === 2);
        await stand.untilState(
          'a quiet VPN',
          (s) => s.evicted.length === 0 && s.replacements.every((r) => r.state !== 'running'),
        );
        expect(await last()).toEqual(poolState({ engines: 2, target: 2 }));
        const told = (await stand.reports()).length;
        await stand.handle.signal(setTargetSignal, 2);
        await stand.handle.signal(collectGarbageSignal);
        const [engine] = await stand.listed();
        await stand.handle.signal(streamsSignal, [started('a', { containerId: engine?.id ?? '' })]);
        await until('another report', async () => (await stand.reports()).length > told);
        expect((await stand.reports()).slice(told)).toEqual([poolState({ engines: 2, busy: 1, target: 2 })]);
        await stand.handle.signal(reportSignal);
        await until('the same once more', async () => (await stand.reports()).length > told + 1);
        expect((await stand.reports()).slice(told + 1)).toEqual([poolState({ engines: 2, busy: 1, target: 2 })]);
      },
      { ...brisk, targetEngines: 3, idleGraceMs: HOUR_MS },
    ),
);
