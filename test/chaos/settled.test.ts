import { dueAt, nextWait } from '../../chaos/failure-spacing';
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
const running = (id: string) => ({ id, name: id, running: true });

const AS_IT_IS_TO_BE: VpnWorld = {
  vpn: 'a',
  port: 50_001,
  healthy: true,
  listed: [forwarded, plain],
  containers: [running('f'), running('p')],
  replacements: [{ id: 'r1', state: 'completed', last_error: null, cause: 'port changed' }],
};

test('I3: everything as it is to be', () => {
  expect(unsettled(AS_IT_IS_TO_BE, 2)).toEqual([]);
});

test.each<[string, Partial<VpnWorld>, RegExp]>([
  ['the VPN is unhealthy', { healthy: false }, /not healthy/],
  ['there is no port', { port: 0 }, /no port/],
  ['there is no fresh list', { listed: null }, /no fresh list/],
  ['an engine is missing', { listed: [forwarded] }, /expected 2 engines/],
  ['no engine is forwarded', { listed: [{ ...forwarded, forwarded: false }, plain] }, /ports \[\]/],
  ['the forwarded engine is on another port', { port: 50_002 }, /on port 50002 .* found ports \[50001\]/],
  ['a container is left over', { containers: [running('f'), running('p'), running('x')] }, /not in the list: x/],
  ['a container is gone', { containers: [running('f')] }, /without a container: p/],
  ['a container does not run', { containers: [running('f'), { ...running('p'), running: false }] }, /don't run: p/],
  [
    'a replacement is at work',
    { replacements: [{ id: 'r2', state: 'running', last_error: 'no', cause: 'forced' }] },
    /at work: r2 \(forced: no\)/,
  ],
  ['the replacements are not known', { replacements: null }, /does not tell/],
])('I3 does not hold when %s', (_what, change, expected) => {
  expect(unsettled({ ...AS_IT_IS_TO_BE, ...change }, 2).join('\n')).toMatch(expected);
});

const NOW = Date.parse('2026-01-02T03:04:05Z');
const died = (secondsAgo: number, new_port: number | null = null) => ({
  cause: 'engine died',
  started_at: new Date(NOW - secondsAgo * 1000).toISOString(),
  new_port,
});

test('engines that keep dying are waited for as documented', () => {
  expect(nextWait([], NOW)).toBe(0);
  expect(nextWait([died(60)], NOW)).toBe(5_000);
  expect(nextWait([died(90), died(60)], NOW)).toBe(10_000);
  expect(dueAt([died(90), died(60)], NOW)).toBe(NOW - 50_000);
});

test('what is long ago, of the other kind or for another reason does not count', () => {
  expect(nextWait([died(90), died(60, 50_001)], NOW)).toBe(5_000);
  expect(nextWait([died(700)], NOW)).toBe(0);
  expect(nextWait([{ ...died(60), cause: 'port changed' }], NOW)).toBe(0);
});
