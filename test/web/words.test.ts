// The page's texts about VPNs and events.
import type { ShownEvent, PageVpn } from '../../src/api/page/state';
import { pageVpn } from '../../src/api/page/vpn';
import { noPort } from '../../src/workflows/vpn/data';
import { matches, noFilter, sentence, withEvents } from '../../web/logic/events';
import { orderedBy, sorted } from '../../web/logic/sort';
import { sparkline } from '../../web/logic/sparkline';
import { problems, summary, vpnWord } from '../../web/logic/summary';
import {
  DAY,
  forwardedEngine,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  vpnStatus,
  vpnSettings,
} from '../builders';
import { stream } from '../stream-events';

function vpn(name: string, change: Parameters<typeof vpnStatus>[0] = {}): PageVpn {
  return pageVpn(vpnStatus({ settings: vpnSettings({ vpn: name }), ...change }), null, DAY);
}

const unhealthy = {
  snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }),
};

test('one line summarizes the state of all VPNs', () => {
  const one = vpn('gluetun', { streams: [stream('a'), stream('b', { endedAt: DAY })] });
  expect(summary([one, vpn('gluetun2')])).toEqual({ tone: 'ok', text: '2 VPNs forwarding, 2 engines, 1 stream' });
  expect(summary([])).toMatchObject({ tone: 'unknown' });
});

test('the summary names the VPN that has a problem, and the problem', () => {
  expect(summary([vpn('gluetun', unhealthy), vpn('gluetun2')])).toEqual({ tone: 'bad', text: 'gluetun: unhealthy' });
  expect(summary([vpn('gluetun', unhealthy), vpn('gluetun2', unhealthy)]).text).toBe('2 VPNs of 2 need attention');
  const moved = vpn('gluetun', { port: { ...noPort, last: 40_648 }, engines: [] });
  expect(summary([moved])).toEqual({
    tone: 'busy',
    text: 'gluetun: replacing its engine · 0 VPNs forwarding, 0 engines, 0 streams',
  });
});

test('if there are more VPN cards than fit on a screen, problems are listed above them', () => {
  const down = vpn('gluetun', unhealthy);
  const others = ['b', 'c', 'd'].map((name) => vpn(name));
  expect(problems([down])).toEqual([]);
  expect(problems([down, ...others])).toEqual([
    { name: 'gluetun', problem: "VPN container 'gluetun' is unhealthy: its engines are hidden" },
  ]);
  expect(problems([...others, vpn('e')])).toEqual([]);
});

test.each([
  [{}, 'forwarding', 'ok'],
  [{ leftOvers: [{ id: 'x', name: 'x', reason: 'dataset is busy' }] }, 'has a problem', 'busy'],
  [{ portLost: { port: 65_290, since: DAY } }, 'forwarded port lost', 'bad'],
  [{ snapshot: null }, 'unknown', 'unknown'],
  [{ snapshot: snapshot(0, { vpn: { kind: 'absent' } }) }, 'container not found', 'bad'],
  [{ snapshot: snapshot(0, { vpn: presentVpn({ running: false }) }) }, 'not running', 'bad'],
  [{ snapshot: snapshot(0, { vpn: presentVpn({ health: 'starting' }) }) }, 'starting', 'busy'],
] as const)("a VPN with %j is described as '%s'", (change, word, tone) => {
  expect(vpnWord(vpn('gluetun', change))).toMatchObject({ word, tone });
});

test('a VPN whose workflow does not answer is marked as out of date', () => {
  expect(vpnWord({ ...vpn('gluetun'), staleSince: DAY })).toMatchObject({ tone: 'unknown', word: 'out of date' });
});

test('each engine is shown with its phase', () => {
  const shown = vpn('gluetun', {
    engines: [forwardedEngine(19_000, 65_290), plainEngine(19_001, { ready: false })],
    evicted: [plainEngine(19_002), plainEngine(19_003)],
    replacements: [
      replacement({
        old: [plainEngine(19_002), plainEngine(19_003)],
        draining: ['id-19002'],
        made: { id: 'm', name: 'made' },
      }),
    ],
  });
  expect(shown.engines.map(({ name, phase, forwarded }) => [name, phase, forwarded])).toEqual([
    ['engine-19000', 'ready', true],
    ['engine-19001', 'hidden', false],
    ['engine-19002', 'draining', false],
    ['engine-19003', 'leaving', false],
    ['made', 'pending', false],
  ]);
});

const item = (id: string, time: string, change: Partial<ShownEvent> = {}): ShownEvent => ({
  id,
  time,
  event: 'port_changed',
  vpn: 'gluetun',
  from: 65_290,
  to: 40_648,
  ...change,
});

test('each event is kept once, newest first', () => {
  const known = withEvents([], [item('a.1', '2026-01-02T03:04:05.000Z'), item('a.2', '2026-01-02T03:04:06.000Z')]);
  const more = withEvents(known, [item('a.2', '2026-01-02T03:04:06.000Z'), item('b.1', '2026-01-02T03:04:05.500Z')]);
  expect(more.map(({ id }) => id)).toEqual(['a.2', 'b.1', 'a.1']);
  expect(withEvents(more, [item('a.1', '2026-01-02T03:04:05.000Z')])).toBe(more);
});

test('events are filtered by VPN, kind and text', () => {
  const changed = item('a.1', '2026-01-02T03:04:05.000Z');
  expect(sentence(changed)).toBe('Forwarded port changed from 65290 to 40648');
  expect(matches(changed, noFilter)).toBe(true);
  expect(matches(changed, { vpn: 'gluetun2', kind: null, text: '' })).toBe(false);
  expect(matches(changed, { vpn: 'gluetun', kind: 'engine', text: '' })).toBe(false);
  expect(matches(changed, { vpn: null, kind: 'port', text: ' TO 406' })).toBe(true);
  expect(matches(changed, { vpn: null, kind: null, text: '1234' })).toBe(false);
});

test('a second click on a column reverses the order, and rows without a value come last', () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10 }, { n: 1 }];
  expect(sorted(rows, ({ n }) => n, false).map(({ n }) => n)).toEqual([1, 2, 10, null]);
  expect(sorted(rows, ({ n }) => n, true).map(({ n }) => n)).toEqual([10, 2, 1, null]);
  expect(sorted(['e10', 'e9'], (name) => name, false)).toEqual(['e9', 'e10']);
  expect(orderedBy({ by: 'n', down: false }, 'n')).toEqual({ by: 'n', down: true });
  expect(orderedBy({ by: 'n', down: true }, 'm')).toEqual({ by: 'm', down: false });
});

test('a line through samples has a gap where a value is missing', () => {
  expect(sparkline([0, 10, null, 5], 30, 12)).toBe('M0.0 11.0L10.0 1.0M30.0 6.0');
  expect(sparkline([], 30, 12)).toBe('');
});
