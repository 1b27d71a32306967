import { DAY, forwardedEngine, presentVpn, replacement, sight, vpnSettings, target } from '../builders';
import { measured, nothingPending, type Measured, type Pending } from '../../src/workflows/vpn/report/metrics';
import { noRemedies } from '../../src/workflows/vpn/decide/remedies';
import { newVpnData, noPort, type VpnData } from '../../src/workflows/vpn/data';

const NOW = DAY + 10_000;
const engine = forwardedEngine(19_000, 65_290);

function data(change: Partial<VpnData> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    sight: sight(65_290),
    port: { ...noPort, last: 65_290, knownSince: DAY },
    engines: [engine],
    nextNumber: 7,
    ...change,
  };
}

/** Goes through the states one second apart. */
function follow(...states: VpnData[]): { all: Measured[]; pending: Pending } {
  const all: Measured[] = [];
  let pending = nothingPending;
  let now = NOW;
  states.slice(1).forEach((after, i) => {
    const found = measured(states[i] ?? after, after, pending, now);
    all.push(...found.measured);
    pending = found.pending;
    now += 1_000;
  });
  return { all, pending };
}

const moved = data({
  sight: sight(40_648, { port: { kind: 'known', port: 40_648, at: NOW - 80 } }),
  port: { ...noPort, last: 40_648, knownSince: DAY },
  engines: [],
  evicted: [engine],
  replacements: [replacement({ startedAt: NOW })],
  nextNumber: 8,
});
const newEngine = forwardedEngine(19_001, 40_648);
const ready: VpnData = {
  ...moved,
  engines: [newEngine],
  replacements: [replacement({ startedAt: NOW, readyAt: NOW + 1_000, newEngine })],
};
const ended: VpnData = {
  ...ready,
  replacements: [
    replacement({ startedAt: NOW, readyAt: NOW + 1_000, newEngine, state: 'completed', endedAt: NOW + 2_000 }),
  ],
};

test('a port change is measured from its reading to hidden and to ready, and the gap between', () => {
  expect(follow(data(), moved, ready, ended)).toEqual({
    all: [
      { kind: 'port change' },
      { kind: 'hidden', seconds: 0.08 },
      { kind: 'ready', seconds: 1.08 },
      { kind: 'unforwarded', seconds: 1 },
      { kind: 'replacement', cause: 'port changed', outcome: 'completed' },
    ],
    pending: nothingPending,
  });
});

test('nothing happens twice: the same state again, or one that was carried over, measures nothing', () => {
  expect(follow(ended, ended).all).toEqual([]);
  expect(follow(moved, moved).all).toEqual([]);
});

test('a port that moves again before the engine is ready is measured from the last reading', () => {
  const again: VpnData = {
    ...moved,
    sight: sight(51_000, { port: { kind: 'known', port: 51_000, at: NOW + 900 } }),
    port: { ...noPort, last: 51_000, knownSince: DAY },
    replacements: [replacement({ startedAt: NOW, target: target({ generation: 2, p2pPort: 51_000 }) })],
  };
  const then: VpnData = {
    ...again,
    engines: [forwardedEngine(19_001, 51_000)],
    replacements: again.replacements.map((r) => ({ ...r, readyAt: NOW + 2_000 })),
  };
  expect(follow(data(), moved, again, then).all.filter((m) => m.kind !== 'unforwarded')).toEqual([
    { kind: 'port change' },
    { kind: 'hidden', seconds: 0.08 },
    { kind: 'port change' },
    { kind: 'ready', seconds: 1.1 },
  ]);
});

test('a VPN that was restarted has not changed its port', () => {
  const restarted: VpnData = { ...moved, sight: sight(40_648, { vpn: presentVpn({ startedAt: NOW }) }) };
  expect(follow(data(), restarted).all).toEqual([]);
});

test('time without a forwarded engine counts only while the VPN is healthy', () => {
  const unhealthy = data({ sight: sight(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }) });
  const empty = data({ engines: [] });
  expect(follow(data(), unhealthy, data()).all).toEqual([]);
  expect(follow(data(), empty, empty, unhealthy).all).toEqual([{ kind: 'unforwarded', seconds: 2 }]);
  expect(follow(data(), empty).pending.unforwardedSince).toBe(NOW);
});

test('failed attempts are counted by how many there are more, and a replacement that is lost as such', () => {
  const failing = (failedAttempts: number) => data({ replacements: [replacement({ failedAttempts })] });
  const lost = data({ replacements: [replacement({ failedAttempts: 4, state: 'lost' })] });
  expect(follow(failing(0), failing(1), failing(4), lost).all).toEqual([
    { kind: 'failures', cause: 'port changed', count: 1 },
    { kind: 'failures', cause: 'port changed', count: 3 },
    { kind: 'replacement', cause: 'port changed', outcome: 'lost' },
  ]);
});

test('one that ends after so many others that it is dropped at once is counted all the same', () => {
  expect(follow(data({ replacements: [replacement()] }), data()).all).toEqual([
    { kind: 'replacement', cause: 'port changed', outcome: 'completed' },
  ]);
});

test('a remedy is counted when it has ended, by what came of it', () => {
  const remedy = { kind: 'restart VPN', reason: 'port lost', session: 's', startedAt: NOW } as const;
  const after = (last: VpnData['remedies']['last']) => data({ remedies: { ...noRemedies, last, vpnRestarts: 1 } });
  const failed = after({ remedy, endedAt: NOW, error: 'refused' });
  const done = after({ remedy, endedAt: NOW + 5, error: null });
  expect(follow(data(), failed, failed, done).all).toEqual([
    { kind: 'remedy', remedy: 'restart VPN', outcome: 'failed' },
    { kind: 'remedy', remedy: 'restart VPN', outcome: 'done' },
  ]);
});
