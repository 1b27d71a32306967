// Streams on an engine that is replaced, with the real workflows on a real Temporal server.
import { collectGarbageSignal, drainingSignal, setTargetSignal, streamsSignal } from '../../src/workflows/vpn/messages';
import { until } from '../simulator/until';
import { presentVpn } from '../builders';
import { ended, started } from '../stream-events';
import { TemporalBench, type VpnStand } from './bench';

/** Longer than any test here takes. */
const LONG_MS = 600_000;

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

/** The id of the VPN's forwarded engine, once it is listed. */
async function engineOf(stand: VpnStand): Promise<string> {
  await stand.startForwarded();
  const [engine] = (await stand.untilQuiet()).engines;
  if (!engine) throw new Error('the VPN has no engine');
  return engine.id;
}

function play(stand: VpnStand, containerId: string, ...ids: string[]): Promise<void> {
  return stand.handle.signal(
    streamsSignal,
    ids.map((id) => started(id, { containerId })),
  );
}

function stop(stand: VpnStand, ...ids: string[]): Promise<void> {
  return stand.handle.signal(
    streamsSignal,
    ids.map((id) => ended(id, Date.now(), 'stopped')),
  );
}

/** Waits until the grace is over, and the replacement waits for streams. */
function untilDraining(stand: VpnStand, old: string): Promise<unknown> {
  return until('a replacement that waits for streams', async () => {
    const { replacements } = await stand.state();
    const running = replacements.find((r) => r.old.some((e) => e.id === old));
    if (!running) return false;
    const { events } = await bench.env.client.workflow.getHandle(running.id).fetchHistory();
    const timers = (events ?? []).map((e) => Number(e.timerStartedEventAttributes?.startToFireTimeout?.seconds ?? 0));
    return timers.some((seconds) => seconds > LONG_MS / 2_000);
  });
}

const isStopped = (stand: VpnStand) => stand.calls.some((call) => call.startsWith('releaseEngine'));

async function playing(stand: VpnStand): Promise<string[]> {
  return (await stand.streams()).filter((s) => s.endedAt === null).map((s) => s.id);
}

function warned(): string[] {
  return bench.warnings.filter((w) => w.includes('signal streams'));
}

test.concurrent(
  'a replaced engine with streams leaves the list at once and serves until its last one ends; the new one does not wait',
  () =>
    bench.with(
      async (stand) => {
        const old = await engineOf(stand);
        await play(stand, old, 'a');
        expect(await stand.listed()).toMatchObject([{ id: old, streams: ['a'], lastUsedAt: expect.any(Number) }]);
        stand.port = { kind: 'known', port: 40_001 };
        await stand.untilForwarded(40_001);
        await untilDraining(stand, old);
        const { engines } = await stand.lists();
        if (engines.unchanged) throw new Error('nothing was known before');
        expect(engines.value.listed).toMatchObject([{ p2pPort: 40_001, forwarded: true, streams: [] }]);
        // A proxy that reports a stream on it still needs to find the engine.
        expect(engines.value.hidden.map((e) => e.id)).toEqual([old]);
        await play(stand, old, 'b');
        await stop(stand, 'a');
        expect(await playing(stand)).toEqual(['b']);
        await stand.untilState('the draining engine', (s) => s.replacements.some((r) => r.draining.includes(old)));
        expect(isStopped(stand)).toBe(false);
        await stop(stand, 'b');
        await until('the old engine gone', () => !stand.engines.has(old));
        await stand.untilQuiet();
      },
      { evictionGraceMs: 300, drainMs: LONG_MS },
    ),
);

test.concurrent('an engine that has lost its network to a restart of the VPN is not drained, nor its port kept', () =>
  bench.with(
    async (stand) => {
      const old = await engineOf(stand);
      await play(stand, old, 'a');
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await untilDraining(stand, old);
      stand.vpn = presentVpn({ id: 'vpn-1', startedAt: Date.now() });
      stand.port = { kind: 'known', port: 40_000 };
      await until('the old engine gone', () => !stand.engines.has(old));
      await stand.untilForwarded(40_000);
      expect(await playing(stand)).toEqual([]);
    },
    { evictionGraceMs: 300, drainMs: LONG_MS },
  ),
);

test.concurrent(
  "a stream that begins on an engine just after that was hidden, by a proxy's older list, is served as well",
  () =>
    bench.with(
      async (stand) => {
        const old = await engineOf(stand);
        // The eviction lasts until the stream has begun.
        stand.hearing = 'nobody';
        stand.port = { kind: 'known', port: 40_001 };
        await stand.untilState('the eviction', (s) => s.evicted.some((e) => e.id === old));
        await play(stand, old, 'late');
        stand.hearing = 'all';
        expect((await stand.streams()).map((s) => s.containerId)).toEqual([old]);
        await untilDraining(stand, old);
        const child = (await stand.state()).replacements.find((r) => r.old.some((e) => e.id === old));
        for (const nonsense of [null, 'a', [5]])
          await bench.env.client.workflow.getHandle(child?.id ?? '').signal(drainingSignal.name, nonsense);
        await until('warnings', () => bench.warnings.filter((w) => w.includes('draining ignored')).length === 3);
        expect(isStopped(stand)).toBe(false);
        await stop(stand, 'late');
        await until('the old engine gone', () => !stand.engines.has(old));
      },
      { evictionGraceMs: 3_000, drainMs: LONG_MS },
    ),
);

test.concurrent('a surplus engine is stopped only with leave, after which no stream begins on it', () =>
  bench.with(
    async (stand) => {
      await stand.start();
      const { engines } = await stand.untilState('both', (s) => s.engines.filter((e) => e.ready).length === 2);
      const spare = engines.find((e) => e.role === 'plain')?.id ?? '';
      await stand.untilQuiet();
      stand.failing = { activity: 'releaseEngine', message: 'permission denied' };
      // The eviction lasts until the stream has begun.
      stand.hearing = 'nobody';
      await stand.handle.signal(setTargetSignal, 1);
      await stand.handle.signal(collectGarbageSignal);
      await stand.untilState('the eviction', (s) => s.evicted.some((e) => e.id === spare));
      // By a proxy's older list.
      await play(stand, spare, 'late');
      stand.hearing = 'all';
      await stand.untilState('the question', (s) => s.replacements.some((r) => r.leaveAsked.includes(spare)));
      expect(isStopped(stand)).toBe(false);
      const hidden = async () => {
        const lists = await stand.lists();
        return lists.engines.unchanged ? [] : lists.engines.value.hidden.map((e) => e.id);
      };
      expect(await hidden()).toEqual([spare]);

      await stop(stand, 'late');
      await until('leave', async () => (await stand.state()).sealed.includes(spare));
      await play(stand, spare, 'too late');
      expect([await playing(stand), await hidden()]).toEqual([[], []]);
      await until('its end', () => isStopped(stand));
      stand.failing = null;
      await until('it gone', () => !stand.engines.has(spare));
      await stand.untilState('nothing kept of it', (s) => s.sealed.length === 0 && s.evicted.length === 0);
    },
    { evictionGraceMs: 600, targetEngines: 2, idleGraceMs: LONG_MS },
  ),
);

test.concurrent('when the drain time is over the engine is stopped, and its streams end', () =>
  bench.with(
    async (stand) => {
      const old = await engineOf(stand);
      await play(stand, old, 'a');
      stand.port = { kind: 'known', port: 40_001 };
      await until('the old engine gone', () => !stand.engines.has(old));
      const streams = await until('the end of the stream', async () => {
        const found = await stand.streams();
        return found.every((s) => s.endedAt !== null) && found;
      });
      expect(streams).toMatchObject([{ id: 'a', endReason: 'engine gone' }]);
    },
    { evictionGraceMs: 300, drainMs: 1_000 },
  ),
);

test.concurrent('without a drain time it is stopped after the grace, even with streams on it', () =>
  bench.with(
    async (stand) => {
      const old = await engineOf(stand);
      await play(stand, old, 'a');
      const { replacements } = await stand.state();
      stand.port = { kind: 'known', port: 40_001 };
      await stand.untilForwarded(40_001);
      await until('the old engine gone', () => !stand.engines.has(old));
      const state = await stand.untilState('the end of the stream', (s) => s.streams.every((x) => x.endedAt !== null));
      const [replacement] = state.replacements.filter((r) => !replacements.some((known) => known.id === r.id));
      expect(replacement).toMatchObject({ cause: 'port changed', draining: [] });
    },
    { evictionGraceMs: 300, drainMs: 0 },
  ),
);

test.concurrent('malformed events are counted and ignored, and the other events of their batch are not', () =>
  bench.with(async (stand) => {
    const containerId = await engineOf(stand);
    const good = started('good', { containerId });
    const wrong = [
      null,
      'started',
      { kind: 'paused', id: 'good', at: 1, reason: null },
      { kind: 'ended', id: '', at: 1, reason: null },
      { kind: 'ended', id: 'good', at: 'now', reason: null },
      { kind: 'started', stream: { ...stream(good), key: 5 } },
      { kind: 'started', stream: { ...stream(good), keyType: 'film' } },
      { kind: 'started', stream: { ...stream(good), statUrl: 'u'.repeat(5_000) } },
      { kind: 'started', stream: { ...stream(good), endedAt: 5 } },
    ];
    await stand.handle.signal('streams', [...wrong, good]);
    expect(await playing(stand)).toEqual(['good']);
    for (const nonsense of [[], ['rubbish'], [{ kind: 'ended', id: 'good', at: 1, reason: null }]])
      await stand.handle.signal('streams', ...nonsense);
    expect(await playing(stand)).toEqual(['good']);
    await until('a warning of each signal', () => warned().length === 4);
    expect(warned()).toEqual([
      expect.stringContaining(`${wrong.length} ignored`),
      ...[1, 2, 3].map(() => expect.stringContaining('all ignored')),
    ]);
  }),
);

test.concurrent('queries answer lists again only when they have changed', () =>
  bench.with(async (stand) => {
    const old = await engineOf(stand);
    const first = await stand.lists();
    const known = { engines: first.engines.version, streams: first.streams.version };
    expect(await stand.lists(known)).toEqual({
      engines: { version: known.engines, unchanged: true },
      streams: { version: known.streams, unchanged: true },
    });
    await play(stand, old, 'a');
    const second = await stand.lists(known);
    expect(second).toMatchObject({
      engines: { unchanged: false, value: { listed: [{ id: old, streams: ['a'] }] } },
      streams: { unchanged: false, value: [{ id: 'a' }] },
    });
    const { engines } = second;
    expect(await stand.lists({ engines: engines.version, streams: known.streams })).toMatchObject({
      engines: { unchanged: true },
      streams: { unchanged: false },
    });
    // Of another incarnation, whose numbers began anew.
    const [, number] = engines.version.split(':');
    expect(await stand.lists({ engines: `another:${number}`, streams: null })).toMatchObject({
      engines: { unchanged: false },
      streams: { unchanged: false },
    });
  }),
);

function stream(event: ReturnType<typeof started>) {
  return event.kind === 'started' ? event.stream : null;
}
