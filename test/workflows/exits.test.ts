// How an engine's process ended: from the snapshot to everything that shows it.
import { exitInWords, type EngineExit } from '../../src/domain/engine-exit';
import { describeVpn, summary } from '../../src/workflows/vpn/report/appearance';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, forwardedEngine, plainEngine, replacement, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';

test.each<[EngineExit, string]>([
  [{ code: 1, outOfMemory: false, lastLine: null }, 'its process ended with exit code 1'],
  [
    { code: 0, outOfMemory: false, lastLine: 'bye' },
    'its process ended with exit code 0; its last line of output: "bye"',
  ],
  [{ code: 137, outOfMemory: true, lastLine: null }, 'its process was killed for want of memory (exit code 137)'],
  [{ code: 137, outOfMemory: false, lastLine: null }, 'its process was killed (exit code 137)'],
  [{ code: 126, outOfMemory: false, lastLine: null }, 'its program could not be run (exit code 126)'],
  [{ code: 127, outOfMemory: false, lastLine: null }, 'its program was not found (exit code 127)'],
])('%j in words', (exit, words) => {
  expect(exitInWords(exit)).toBe(words);
});

test.each(['forwarded', 'plain'] as const)('the replacement of a %s engine that died says how it ended', (role) => {
  const engines = [forwardedEngine(19_000, 40_000), plainEngine(19_001)];
  const state = new VpnState({ ...newVpnData(vpnSettings(), 'abcdef12'), engines });
  const conditions = engines.map((engine) => {
    const run = { id: engine.id, networkOf: 'vpn-container', health: 'healthy' as const };
    const exit = { code: 137, outOfMemory: true, lastLine: null };
    return engine.role === role
      ? { ...run, running: false, startedAt: null, exit }
      : { ...run, running: true, startedAt: DAY };
  });
  accept(state, snapshot(40_000, { engines: conditions }), state.data.revision, DAY);
  takeDecision(state, DAY);
  expect(state.data.replacements).toMatchObject([
    { cause: 'engine died', reason: 'its process was killed for want of memory (exit code 137)' },
  ]);
});

test('the output of an engine is plain text in the Temporal UI, even if it contains Markdown or HTML', () => {
  const hostile = '![x](http://evil.example/x) <img src=x> `code` | *bold* \\';
  const failing = replacement({ cause: 'engine died', reason: hostile, lastError: hostile, failedAttempts: 1 });
  const details = describeVpn({ ...newVpnData(vpnSettings(), 'abcdef12'), replacements: [failing] }, DAY);
  for (const text of [details, summary('gluetun', failing)]) {
    expect(text).toContain('!\\[x\\](http:\\//evil.example/x) \\<img src=x\\>');
    expect(text).not.toContain('http://');
  }
});
