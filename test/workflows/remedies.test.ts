import { holdSignal, replaceEngineUpdate, resetBreakerSignal } from '../../src/workflows/vpn/messages';
import { presentVpn } from '../builders';
import { until } from '../simulator/until';
import { problemOf } from '../../src/workflows/vpn/report/problems';
import { TemporalBench } from './bench';

let bench: TemporalBench;

beforeAll(async () => {
  bench = await TemporalBench.start();
});
afterAll(() => bench.stop());

/** Short, as real time passes here. */
const brisk = { evictionGraceMs: 300 };
const noPort = { kind: 'unknown', forMs: 0, reason: 'no port is forwarded right now', none: true } as const;

test.concurrent(
  'a VPN that Docker calls unhealthy for too long is restarted, once, and its engines are made anew',
  () =>
    bench.with(
      async (stand) => {
        const old = (await stand.startForwarded()).engines.map((e) => e.id);
        stand.vpn = presentVpn({ id: 'vpn-1', startedAt: 1_000, health: 'unhealthy' });
        await until('the restart', () => stand.calls.includes('restartVpn vpn-1@1000'));
        await until('the old engine gone', () => !old.some((id) => stand.engines.has(id)));
        await stand.untilForwarded(40_000);
        const state = await stand.untilQuiet();
        expect(stand.calls.filter((c) => c.startsWith('restartVpn'))).toHaveLength(1);
        expect(state.remedies).toMatchObject({ running: null, last: { error: null }, containerRestarts: 1 });
        expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_000]);
      },
      { ...brisk, unhealthyRestartMs: 500 },
    ),
);

test.concurrent(
  'a VPN that Docker calls unhealthy for too long, and healthy again in the same session, has its engines replaced, the forwarded one first',
  () =>
    bench.with(
      async (stand) => {
        await stand.start();
        const before = await stand.untilState('both engines', (s) => s.engines.filter((e) => e.ready).length === 2);
        await stand.untilQuiet();
        stand.vpn = presentVpn({ id: 'vpn-1', startedAt: 1_000, health: 'unhealthy' });
        await stand.untilState('the outage', (s) => s.outageSince !== null);
        stand.vpn = presentVpn({ id: 'vpn-1', startedAt: 1_000 });
        const old = before.engines.map((e) => e.id);
        await stand.untilState('two new engines', (s) => {
          const ready = s.engines.filter((e) => e.ready);
          return ready.length === 2 && ready.every((e) => !old.includes(e.id));
        });
        const { replacements } = await stand.untilQuiet();
        const causes = replacements.filter((r) => r.cause === 'VPN reconnected');
        expect(causes.map((r) => r.target?.role)).toEqual(['forwarded', 'plain']);
        expect(causes[1]?.startedAt).toBeGreaterThanOrEqual(causes[0]?.readyAt ?? Infinity);
      },
      { ...brisk, targetEngines: 2, unhealthyRestartMs: 0 },
    ),
);

test.concurrent(
  'a VPN that has lost its port is restarted inside its container, and the engine follows the new port',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.reconnected = () => (stand.port = { kind: 'known', port: 40_001 });
        stand.port = noPort;
        await stand.untilForwarded(40_001);
        await stand.untilQuiet();
        expect(stand.calls.filter((c) => c.startsWith('reconnectVpn'))).toEqual(['reconnectVpn vpn-1@1000']);
        expect([...stand.engines.values()].map((e) => e.p2pPort)).toEqual([40_001]);
      },
      { ...brisk, portLostMs: 500 },
    ),
);

test.concurrent(
  'a failing restart of a VPN that has lost its port is reported while it is tried again, and has no hidden retries by Temporal',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.reconnected = () => (stand.port = { kind: 'known', port: 40_001 });
        stand.failing = { activity: 'reconnectVpn', message: 'the control server answers 500' };
        stand.port = noPort;
        const failing = await stand.untilState('the failure', (s) => typeof s.remedies.running?.error === 'string');
        expect([failing.remedies.running?.error, failing.remedies.last]).toEqual([
          'the control server answers 500',
          null,
        ]);
        expect(problemOf(failing)).toMatch(
          /could not be restarted inside its container: the control server answers 500$/,
        );
        stand.failing = null;
        await stand.untilForwarded(40_001);
        const tries = stand.calls.filter((c) => c.startsWith('reconnectVpn'));
        expect(new Set(tries)).toEqual(new Set(['reconnectVpn vpn-1@1000', 'reconnectVpn vpn-1@1000, half done']));
        const state = await stand.untilState('the end of the remedy', (s) => s.remedies.running === null);
        expect([state.remedies.last?.error, problemOf(state)]).toEqual([null, null]);
      },
      { ...brisk, portLostMs: 100 },
    ),
);

test.concurrent(
  'a VPN that has lost its port and whose control server hangs when it is to be restarted has its container restarted',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.failing = { activity: 'reconnectVpn', message: 'no answer for 30 s', type: 'ControlServerHangs' };
        // With the restart, since the VPN would soon lose its port again.
        stand.restarted = () => (stand.port = { kind: 'known', port: 40_001 });
        stand.port = noPort;
        await stand.untilForwarded(40_001);
        expect(stand.calls).toContain('restartVpn vpn-1@1000');
        expect(stand.calls.filter((c) => c.startsWith('reconnectVpn'))).toHaveLength(1);
        expect((await stand.state()).remedies.last).toMatchObject({
          remedy: { kind: 'restart container', reason: 'control server hangs' },
          error: null,
        });
      },
      { ...brisk, portLostMs: 100 },
    ),
);

test.concurrent(
  'a VPN that has lost its port is not restarted twice at the same time, and a failed restart is reported',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.failing = {
          activity: 'reconnectVpn',
          message: 'the control server refuses access (401)',
          type: 'Refused',
        };
        stand.port = noPort;
        const state = await stand.untilState('the failure', (s) => (s.remedies.last?.error ?? null) !== null, 60_000);
        expect(state.remedies).toMatchObject({
          running: null,
          vpnRestarts: 1,
          last: { error: expect.stringMatching(/401/) },
        });
      },
      { ...brisk, portLostMs: 100 },
    ),
  90_000,
);

const breakers = {
  general: { threshold: 100, recoveryMs: 1_000 },
  replacement: { threshold: 2, recoveryMs: 3_600_000 },
};

test.concurrent(
  'after so many failures as the threshold no engine is tried any more, not by force either, until the breaker is reset',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.failing = { activity: 'createEngine', message: 'no space left on device' };
        stand.port = { kind: 'known', port: 40_001 };
        const open = await stand.untilState(
          'the open breaker',
          (s) => s.breakers.forwarded.replacement.openedAt !== null,
          40_000,
        );
        expect(open.breakers.forwarded.replacement.failures).toBeGreaterThanOrEqual(2);
        const held = await stand.untilState('the hold', (s) => s.replacements.some((r) => r.heldUntil !== null));
        const replacement = held.replacements.find((r) => r.heldUntil !== null);
        expect(replacement?.state).toBe('running');
        // An attempt that was under way then is allowed.
        await stand.untilSignalled(replacement?.id ?? '', holdSignal);
        const tries = stand.calls.filter((c) => c === 'createEngine 40001').length;
        stand.failing = null;
        // The replacement still runs; without the breaker it would have tried again by now.
        await stand.untilState('the old engine gone', (s) => s.evicted.length === 0);
        expect(stand.calls.filter((c) => c === 'createEngine 40001')).toHaveLength(tries);
        await stand.handle.signal(resetBreakerSignal, 'replacement');
        await stand.untilForwarded(40_001);
        const closed = await stand.untilQuiet();
        expect(closed.breakers.forwarded.replacement.openedAt).toBeNull();
        expect(closed.breakers.forwarded.replacement.failures).toBe(0);
      },
      { ...brisk, breakers },
    ),
  90_000,
);

test.concurrent(
  'after the recovery time one of the engines that could not be brought up is tried again',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.failing = { activity: 'createEngine', message: 'no space left on device' };
        stand.port = { kind: 'known', port: 40_001 };
        await stand.untilState('the open breaker', (s) => s.breakers.forwarded.replacement.openedAt !== null, 40_000);
        stand.failing = null;
        await stand.untilForwarded(40_001);
        expect((await stand.untilQuiet()).breakers.forwarded.replacement.openedAt).toBeNull();
      },
      { ...brisk, breakers: { ...breakers, replacement: { threshold: 2, recoveryMs: 1_500 } } },
    ),
  90_000,
);

test.concurrent(
  'a forced replacement is refused with the reason while the breaker is open',
  () =>
    bench.with(
      async (stand) => {
        await stand.start();
        await stand.untilState('three engines', (s) => s.engines.filter((e) => e.ready).length === 3);
        const { engines } = await stand.untilQuiet();
        stand.failing = { activity: 'createEngine', message: 'no space left on device' };
        const first = engines.find((e) => e.role === 'plain')?.name ?? '';
        await stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ engine: first }] });
        const open = await stand.untilState(
          'the open breaker',
          (s) => s.breakers.plain.replacement.openedAt !== null,
          40_000,
        );
        const plain = open.engines.find((e) => e.role === 'plain')?.name ?? '';
        const forced = stand.handle.executeUpdate(replaceEngineUpdate, { args: [{ engine: plain }] });
        await expect(forced).rejects.toMatchObject({
          cause: { message: expect.stringMatching(/circuit breaker .* open/) },
        });
        expect((await stand.state()).engines.map((e) => e.name)).toContain(plain);
      },
      { ...brisk, targetEngines: 3, breakers },
    ),
  90_000,
);

test.concurrent(
  'engines that can not be brought up because Docker is unreachable do not count for the breaker',
  () =>
    bench.with(
      async (stand) => {
        await stand.startForwarded();
        stand.failing = { activity: 'createEngine', message: 'Docker is not reachable', type: 'DockerUnreachable' };
        stand.port = { kind: 'known', port: 40_001 };
        await stand.untilState('two failures', (s) => s.replacements.some((r) => r.failedAttempts >= 2), 40_000);
        expect((await stand.state()).breakers.forwarded.replacement.failures).toBe(0);
        stand.failing = null;
        await stand.untilForwarded(40_001);
      },
      { ...brisk, breakers },
    ),
  90_000,
);

test.concurrent('a replacement ignores a hold that is no time', () =>
  bench.with(async (stand) => {
    await stand.startForwarded();
    stand.engineAnswers = false;
    stand.port = { kind: 'known', port: 40_001 };
    const state = await stand.untilState('the replacement', (s) =>
      s.replacements.some((r) => r.cause === 'port changed'),
    );
    const child = bench.env.client.workflow.getHandle(state.replacements.at(-1)?.id ?? '');
    await until('the creation', () => stand.calls.includes('createEngine 40001'));
    for (const nonsense of ['soon', {}, [1]]) await child.signal(holdSignal.name, nonsense);
    stand.engineAnswers = true;
    await stand.untilForwarded(40_001);
    await stand.untilQuiet();
  }, brisk),
);
