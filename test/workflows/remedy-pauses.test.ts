import { nextRemedy, noRemedies, type Remedies } from '../../src/workflows/remedies';
import { newVpnData, noPort, type VpnData } from '../../src/workflows/vpn-data';
import { VpnState } from '../../src/workflows/vpn-state';
import { DAY, presentVpn, sight, vpnSettings } from '../builders';

const MINUTE = 60_000;
const none = { kind: 'unknown', forMs: 0, reason: 'none right now', none: true } as const;
const remedy = { session: `vpn-container@${DAY - MINUTE}`, startedAt: DAY } as const;

/** A VPN that Docker has called unhealthy since DAY. */
function ill(remedies: Partial<Remedies> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    sight: sight(40_000, { vpn: presentVpn({ health: 'unhealthy' }) }),
    outageSince: DAY,
    remedies: { ...noRemedies, ...remedies },
  };
}

/** A VPN that has said since DAY that it has no port. */
function portless(remedies: Partial<Remedies> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    sight: sight(40_000, { port: none }),
    port: { ...noPort, noneSince: DAY },
    remedies: { ...noRemedies, ...remedies },
  };
}

function after(kind: 'restart container' | 'restart VPN', count: number, endedAt: number): Partial<Remedies> {
  const last = { remedy: { ...remedy, kind }, endedAt, error: null };
  return kind === 'restart VPN' ? { vpnRestarts: count, last } : { containerRestarts: count, last };
}

test('a container is restarted after its time, and each further time after a pause that is twice as long', () => {
  expect(nextRemedy(ill())?.at).toBe(DAY + MINUTE);
  const pauses = [1, 2, 3, 4, 5, 9].map((count) => nextRemedy(ill(after('restart container', count, DAY)))?.at);
  expect(pauses.map((at) => ((at ?? 0) - DAY) / MINUTE)).toEqual([2, 4, 8, 16, 30, 30]);
});

test('a restart that keeps failing is not tried without a pause, however long the outage is', () => {
  const hour = 60 * MINUTE;
  expect(nextRemedy(ill(after('restart container', 7, DAY + hour)))?.at).toBe(DAY + hour + 30 * MINUTE);
});

test('a VPN without its port is restarted three times, a minute and half an hour apart, and then only reported', () => {
  expect(nextRemedy(portless())?.at).toBe(DAY + MINUTE);
  const later = DAY + 10 * MINUTE;
  expect(nextRemedy(portless(after('restart VPN', 1, later)))?.at).toBe(later + MINUTE);
  expect(nextRemedy(portless(after('restart VPN', 2, later)))?.at).toBe(later + 30 * MINUTE);
  expect(nextRemedy(portless(after('restart VPN', 3, later)))).toBeNull();
});

test.each([
  [
    'have failed are tried anew when a worker starts, perhaps with other keys',
    'it refuses access (401)',
    'restart VPN',
  ],
  ['have worked and brought no port are not tried anew for that', null, undefined],
])('restarts that %s', (_what, error, next) => {
  const done = after('restart VPN', 3, DAY);
  const state = new VpnState(portless({ ...done, last: done.last ? { ...done.last, error } : null }));
  state.configure(state.data.settings);
  expect(nextRemedy(state.data)?.remedy.kind).toBe(next);
});

test('a port that was missing before an outage counts as lost only after it was missing for the whole time again', () => {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  const look = (health: 'healthy' | 'unhealthy', at: number) =>
    state.accept(
      sight(0, { at, vpn: presentVpn({ health }), port: health === 'healthy' ? none : { kind: 'unasked' } }),
      state.data.revision,
      at,
    );
  look('healthy', DAY);
  expect(nextRemedy(state.data)?.at).toBe(DAY + MINUTE);
  look('unhealthy', DAY + 40_000);
  look('healthy', DAY + 55_000);
  expect(nextRemedy(state.data)?.at).toBe(DAY + 55_000 + MINUTE);
});

test('nothing is done beside a remedy that is at work', () => {
  const running = { ...remedy, kind: 'restart container' } as const;
  expect(nextRemedy(ill({ running }))).toBeNull();
  expect(nextRemedy(portless({ running }))).toBeNull();
});

test('a VPN that is starting is not ill', () => {
  const starting = { ...ill(), sight: sight(40_000, { vpn: presentVpn({ health: 'starting' }) }) };
  expect(nextRemedy(starting)).toBeNull();
});
