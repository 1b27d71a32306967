import { DAY, forwardedEngine, presentVpn, replacement, snapshot, vpnSettings, target } from '../builders';
import {
  forwarding,
  measured,
  nothingPending,
  type Measured,
  type Pending,
} from '../../src/workflows/vpn/report/metrics';
import { newVpnData, noPort, type VpnData } from '../../src/workflows/vpn/data';
import type { VpnEvent } from '../../src/workflows/vpn/events';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { attemptFailed, replacementEnded, replacementLost } from '../../src/workflows/vpn/observe/replacement-reports';
import { engineReady } from '../../src/workflows/vpn/observe/engine-reports';
import { remedyEnded } from '../../src/workflows/vpn/observe/remedy-reports';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { session } from '../../src/domain/vpn/observation';
import { VpnState } from '../../src/workflows/vpn/state';

const NOW = DAY + 10_000;
const INCARNATION = 'abcdef12';
const engine = forwardedEngine(19_000, 65_290);
const condition = {
  id: engine.id,
  running: true,
  startedAt: engine.run,
  networkOf: presentVpn().id,
  health: 'healthy',
} as const;

function data(change: Partial<VpnData> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings({ targetEngines: 1 }), INCARNATION),
    snapshot: snapshot(65_290, { engines: [condition] }),
    port: { ...noPort, last: 65_290, knownSince: DAY },
    engines: [engine],
    nextNumber: 7,
    ...change,
  };
}

/** The real state of a VPN, and its measurements. */
class Measuring {
  readonly all: Measured[] = [];
  readonly state: VpnState;
  pending: Pending = nothingPending;

  constructor(change: Partial<VpnData> = {}) {
    this.state = new VpnState(data(change));
    this.state.listen({
      changed() {},
      happened: (event: VpnEvent, _data: VpnData, now: number) => this.take(measured(event, this.pending, now)),
    });
  }

  follow(now: number): void {
    this.take(forwarding(this.state.data, this.pending, now));
  }

  /** The port changes, and the decision about that is taken. */
  move(port: number, readAt: number, now: number): void {
    const engines = this.state.data.snapshot?.engines ?? [];
    this.observe(snapshot(port, { engines, port: { kind: 'known', port, at: readAt } }), now);
    takeDecision(this.state, now);
    this.follow(now);
  }

  observe(observation: Parameters<typeof accept>[1], now: number): void {
    accept(this.state, observation, this.state.data.revision, now);
    this.follow(now);
  }

  /** The engine of the running replacement answers. */
  ready(now: number): void {
    const own = this.state.data.replacements.find((r) => r.state === 'running');
    if (!own?.target?.p2pPort) throw new Error('no replacement brings up a forwarded engine');
    const { httpPort, p2pPort, generation } = own.target;
    const made = { ...forwardedEngine(httpPort, p2pPort), id: 'new', name: 'new' };
    const message = { number: own.number, incarnation: INCARNATION, generation, engine: made };
    engineReady(this.state, { ...message, session: session(presentVpn()) ?? '' }, now);
    this.follow(now);
  }

  private take(found: ReturnType<typeof measured>): void {
    this.all.push(...found.measured);
    this.pending = found.pending;
  }
}

test('a port change is measured from the read of the port until hidden and until ready, and the gap without a forwarded engine', () => {
  const vpn = new Measuring();
  vpn.move(40_648, NOW - 80, NOW);
  vpn.ready(NOW + 1_000);
  replacementEnded(vpn.state, { number: 7, incarnation: INCARNATION, generation: 1, failedAttempts: 0 }, NOW + 2_000);
  vpn.follow(NOW + 2_000);
  expect(vpn.all).toEqual([
    { kind: 'port change' },
    { kind: 'hidden', seconds: 0.08 },
    { kind: 'ready', seconds: 1.08 },
    { kind: 'unforwarded', seconds: 1 },
    { kind: 'replacement', cause: 'port changed', outcome: 'completed' },
  ]);
  expect(vpn.pending).toEqual(nothingPending);
});

test('nothing is measured twice: neither the same snapshot nor the same message again', () => {
  const vpn = new Measuring();
  vpn.move(40_648, NOW - 80, NOW);
  vpn.ready(NOW + 1_000);
  const ended = { number: 7, incarnation: INCARNATION, generation: 1, failedAttempts: 0 };
  replacementEnded(vpn.state, ended, NOW + 2_000);
  const before = vpn.all.length;
  vpn.observe(vpn.state.data.snapshot ?? snapshot(40_648), NOW + 3_000);
  replacementEnded(vpn.state, ended, NOW + 3_000);
  replacementLost(vpn.state, 7, NOW + 3_000);
  expect(vpn.all.slice(before)).toEqual([]);
});

test('a port that changes again before the engine is ready is measured from the last read', () => {
  const vpn = new Measuring();
  vpn.move(40_648, NOW - 80, NOW);
  const again = NOW + vpn.state.data.settings.longestBackoffMs;
  vpn.move(51_000, again - 100, again);
  expect(vpn.state.data.replacements).toMatchObject([{ target: target({ generation: 2, p2pPort: 51_000 }) }]);
  vpn.ready(again + 1_000);
  expect(vpn.all.filter((m) => m.kind !== 'unforwarded')).toEqual([
    { kind: 'port change' },
    { kind: 'hidden', seconds: 0.08 },
    { kind: 'port change' },
    { kind: 'ready', seconds: 1.1 },
  ]);
});

test('another port after a restart of the VPN is no port change', () => {
  const vpn = new Measuring();
  vpn.observe(snapshot(40_648, { engines: [condition], vpn: presentVpn({ startedAt: NOW }) }), NOW);
  expect(vpn.all).toEqual([]);
});

test('time without a forwarded engine counts only while the VPN is healthy', () => {
  const unhealthy = snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) });
  const vpn = new Measuring();
  vpn.observe(unhealthy, NOW);
  expect([vpn.all, vpn.pending]).toEqual([[], nothingPending]);
  const empty = new Measuring({ engines: [] });
  empty.follow(NOW);
  expect(empty.pending.unforwardedSince).toBe(NOW);
  empty.follow(NOW + 1_000);
  empty.observe(unhealthy, NOW + 2_000);
  expect(empty.all).toEqual([{ kind: 'unforwarded', seconds: 2 }]);
});

test('of failed attempts only further ones are counted, and a replacement that is lost counts as lost', () => {
  const vpn = new Measuring({ replacements: [replacement()], nextNumber: 8 });
  const message = { number: 7, incarnation: INCARNATION, error: 'no', taken: null };
  for (const failedAttempts of [1, 4])
    attemptFailed(vpn.state, { ...message, failedAttempts, provisioning: false, countsForBreaker: false }, NOW);
  replacementLost(vpn.state, 7, NOW);
  expect(vpn.all).toEqual([
    { kind: 'failures', cause: 'port changed', count: 1 },
    { kind: 'failures', cause: 'port changed', count: 3 },
    { kind: 'replacement', cause: 'port changed', outcome: 'lost' },
  ]);
});

test('a replacement that is dropped from the state as soon as it ends is counted all the same', () => {
  const younger = Array.from({ length: 20 }, (_, i) =>
    replacement({ number: 8 + i, state: 'completed', endedAt: NOW + 60_000 + i }),
  );
  const vpn = new Measuring({ replacements: [replacement(), ...younger], nextNumber: 28 });
  replacementEnded(vpn.state, { number: 7, incarnation: INCARNATION, generation: 1, failedAttempts: 0 }, NOW);
  expect(vpn.state.data.replacements.map((r) => r.number)).not.toContain(7);
  expect(vpn.all).toEqual([{ kind: 'replacement', cause: 'port changed', outcome: 'completed' }]);
});

test('a remedy is counted when it has ended, by its result, and not where the VPN was left alone', () => {
  const remedy = { kind: 'restart VPN', reason: 'port lost', session: 's', startedAt: NOW } as const;
  const vpn = new Measuring();
  remedyEnded(vpn.state, remedy, { kind: 'refused', message: 'refused' }, NOW);
  remedyEnded(vpn.state, remedy, { kind: 'VPN stopped', message: 'stopped' }, NOW);
  remedyEnded(vpn.state, remedy, null, NOW + 5);
  expect(vpn.all).toEqual([
    { kind: 'remedy', remedy: 'restart VPN', outcome: 'failed' },
    { kind: 'remedy', remedy: 'restart VPN', outcome: 'done' },
  ]);
});
