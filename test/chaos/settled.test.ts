import { dueAt, nextWait } from '../../chaos/failure-backoff';
import { failuresCaused } from '../../chaos/failures-caused';
import { GroundTruth } from '../../chaos/ground-truth';
import { Hold, HOLD_MS } from '../../chaos/hold';
import { unsettled, type VpnWorld } from '../../chaos/settled';

const forwarded = {
  id: 'f',
  name: 'f',
  vpn: 'a',
  httpPort: 19_000,
  forwarded: true,
  p2pPort: 50_001,
  lastSeen: 0,
} as const;
const plain = { ...forwarded, id: 'p', name: 'p', httpPort: 19_001, forwarded: false, p2pPort: null } as const;
const running = (id: string, p2pLabel: string | null = null) => ({ id, name: id, running: true, p2pLabel });
const CONTAINERS = [running('f', '50001'), running('p')];

const SETTLED: VpnWorld = {
  vpn: 'a',
  port: 50_001,
  healthy: true,
  listed: [forwarded, plain],
  listensOn: 50_001,
  containers: CONTAINERS,
  replacements: [{ id: 'r1', state: 'completed', last_error: null, cause: 'port changed' }],
};

test('I3 holds when all is well', () => {
  expect(unsettled(SETTLED, 2)).toEqual([]);
});

test.each<[string, Partial<VpnWorld>, RegExp]>([
  ['the VPN is unhealthy', { healthy: false }, /not healthy/],
  ['there is no port', { port: 0 }, /no port/],
  ['there is no fresh list', { listed: null }, /no fresh list/],
  ['an engine is missing', { listed: [forwarded] }, /expected 2 engines/],
  ['no engine is forwarded', { listed: [{ ...forwarded, forwarded: false }, plain] }, /ports \[\]/],
  ['the forwarded engine is on another port', { port: 50_002 }, /on port 50002 .* found ports \[50001\]/],
  [
    'the label of the forwarded engine has another port',
    { containers: [running('f', '50002'), running('p')] },
    /label to say port 50001, found 50002/,
  ],
  ['the forwarded engine has no label', { containers: [running('f'), running('p')] }, /label .* found none/],
  ['the forwarded engine itself listens elsewhere', { listensOn: 50_002 }, /listen on port 50001, found 50002/],
  ['the forwarded engine does not say where it listens', { listensOn: null }, /found no answer/],
  ['a container is left over', { containers: [...CONTAINERS, running('x')] }, /not in the list: x/],
  ['a container is gone', { containers: [running('f', '50001')] }, /without a container: p/],
  [
    'a container does not run',
    { containers: [running('f', '50001'), { ...running('p'), running: false }] },
    /don't run: p/,
  ],
  [
    'a replacement is at work',
    { replacements: [{ id: 'r2', state: 'running', last_error: 'no', cause: 'forced' }] },
    /at work: r2 \(forced: no\)/,
  ],
  ['the replacements are not known', { replacements: null }, /does not list its replacements/],
])('I3 does not hold when %s', (_what, change, expected) => {
  expect(unsettled({ ...SETTLED, ...change }, 2).join('\n')).toMatch(expected);
});

const NOW = Date.parse('2026-01-02T03:04:05Z');
const died = (secondsAgo: number, new_port: number | null = null) => ({
  cause: 'engine died',
  started_at: new Date(NOW - secondsAgo * 1000).toISOString(),
  new_port,
});

test('engines that keep dying have the documented pauses', () => {
  expect(nextWait([], NOW)).toBe(0);
  expect(nextWait([died(60)], NOW)).toBe(5_000);
  expect(nextWait([died(90), died(60)], NOW)).toBe(10_000);
  expect(dueAt([died(90), died(60)], 2, NOW)).toBe(NOW - 50_000);
});

test('failures long ago, of the other role or with another cause do not count', () => {
  expect(nextWait([died(90), died(60, 50_001)], NOW)).toBe(5_000);
  expect(nextWait([died(700)], NOW)).toBe(0);
  expect(nextWait([{ ...died(60), cause: 'port changed' }], NOW)).toBe(0);
});

test('failures beyond those that the harness can have caused give no more time', () => {
  const reported = [died(90), died(60), died(30), died(10)];
  expect(dueAt(reported, 4, NOW)).toBe(NOW + 30_000);
  expect(dueAt(reported, 1, NOW)).toBe(NOW - 85_000);
  expect(dueAt(reported, 0, NOW)).toBe(0);
});

const caused = (truth: GroundTruth) => failuresCaused(truth, { vpn: 'a', engines: 2 }, NOW, NOW + 60_000);

describe('failures that the harness can have caused', () => {
  test("are one for each fault of the VPN's own engines", () => {
    const truth = new GroundTruth();
    truth.beginOnEngine('engine', { id: 'f', vpn: 'a' }, NOW);
    truth.beginOnEngine('hang', { id: 'p', vpn: 'a' }, NOW);
    truth.beginOnEngine('engine', { id: 'x', vpn: 'b' }, NOW);
    expect(caused(truth)).toBe(2);
  });

  test('are one for each engine when the VPN or Docker was down; the unhealthy time of a VPN that is down is no second fault', () => {
    const truth = new GroundTruth();
    truth.begin('health', 'a', NOW);
    truth.begin('vpn', 'a', NOW);
    expect(caused(truth)).toBe(2);
    truth.begin('docker', null, NOW);
    expect(caused(truth)).toBe(4);
  });

  test('are none for faults that hurt no engine, for another VPN, and for faults that ended before', () => {
    const truth = new GroundTruth();
    for (const kind of ['worker', 'api', 'temporal'] as const) truth.begin(kind, null, NOW);
    truth.begin('control', 'a', NOW);
    truth.begin('vpn', 'b', NOW);
    expect(caused(truth)).toBe(0);
    jest.useFakeTimers({ now: NOW - 1 });
    truth.begin('docker', null, NOW - 1_000)();
    jest.useRealTimers();
    expect(caused(truth)).toBe(0);
  });
});

describe('all is well only if it stays so', () => {
  test('then since the first good result', () => {
    const hold = new Hold();
    expect(hold.look(true, 100)).toBeNull();
    expect(hold.look(true, 100 + HOLD_MS - 1)).toBeNull();
    expect(hold.look(true, 100 + HOLD_MS)).toBe(100);
  });

  test('a bad result in between starts the time again', () => {
    const hold = new Hold();
    hold.look(true, 100);
    expect(hold.look(false, 200)).toBeNull();
    expect(hold.look(true, 300)).toBeNull();
    expect(hold.look(true, 100 + HOLD_MS)).toBeNull();
    expect(hold.look(true, 300 + HOLD_MS)).toBe(300);
  });
});
