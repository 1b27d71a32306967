import type { Snapshot } from '../../src/domain/vpn/observation';
import { problemOf } from '../../src/workflows/vpn/report/problems';
import {
  nextRemedy,
  noRemedies,
  type Remedies,
  type Remedy,
  type RemedyFailure,
} from '../../src/workflows/vpn/decide/remedies';
import { newVpnData, noPort, type VpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, presentVpn, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { configure } from '../../src/workflows/vpn/requests/controls';
import { remedyEnded, remedyFailing } from '../../src/workflows/vpn/observe/remedy-reports';

const MINUTE = 60_000;
const none = { kind: 'unknown', forMs: 0, reason: 'none right now', none: true } as const;
const CURRENT = `vpn-container@${DAY - MINUTE}`;
const remedy = { reason: 'port lost', session: CURRENT, startedAt: DAY } as const;

/** A VPN that Docker calls unhealthy since DAY. */
function ill(remedies: Partial<Remedies> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    snapshot: snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy' }) }),
    outageSince: DAY,
    remedies: { ...noRemedies, ...remedies },
  };
}

/** A VPN whose control server says since DAY that there is no port. */
function portless(remedies: Partial<Remedies> = {}): VpnData {
  return {
    ...newVpnData(vpnSettings(), 'abcdef12'),
    snapshot: snapshot(40_000, { port: none }),
    port: { ...noPort, noneSince: DAY },
    remedies: { ...noRemedies, ...remedies },
  };
}

function after(kind: 'restart container' | 'restart VPN', count: number, endedAt: number): Partial<Remedies> {
  const last = { remedy: { ...remedy, kind }, endedAt, error: null };
  return kind === 'restart VPN'
    ? { vpnRestarts: count, last }
    : { containerRestarts: count, containerRestartedAt: endedAt, last };
}

test('a container is restarted after the configured time, and each further time after a pause that is twice as long', () => {
  expect(nextRemedy(ill())?.at).toBe(DAY + MINUTE);
  const pauses = [1, 2, 3, 4, 5, 9].map((count) => nextRemedy(ill(after('restart container', count, DAY)))?.at);
  expect(pauses.map((at) => ((at ?? 0) - DAY) / MINUTE)).toEqual([2, 4, 8, 16, 30, 30]);
});

test('an unhealthy VPN is left alone where restarts are turned off, and reported as unhealthy', () => {
  const left = { ...ill(), settings: vpnSettings({ unhealthyRestartMs: 0 }) };
  expect(nextRemedy(left)).toBeNull();
  expect(problemOf(left)).toMatch(/is unhealthy: its engines are hidden/);
});

test('a VPN is left alone while its control server can not be read, and restarted when that says that there is no port', () => {
  const state = new VpnState(newVpnData(vpnSettings({ portLostMs: 1 }), 'abcdef12'));
  const observe = (port: Snapshot['port'], at: number) =>
    accept(state, snapshot(40_000, { port }), state.data.revision, at);
  observe({ kind: 'known', port: 40_000 }, DAY);
  observe({ kind: 'unknown', forMs: 0, reason: 'the control server answers 500', none: false }, DAY + 1_000);
  expect([state.data.port.noneSince, nextRemedy(state.data)]).toEqual([null, null]);
  observe(none, DAY + 2_000);
  expect(nextRemedy(state.data)).toMatchObject({ at: DAY + 2_001, remedy: { kind: 'restart VPN' } });
});

test('a restart that keeps failing has pauses between the attempts, however long the outage is', () => {
  const hour = 60 * MINUTE;
  expect(nextRemedy(ill(after('restart container', 7, DAY + hour)))?.at).toBe(DAY + hour + 30 * MINUTE);
});

test('a VPN that has lost its port is restarted three times, with pauses of a minute and half an hour, and then only reported', () => {
  expect(nextRemedy(portless())?.at).toBe(DAY + MINUTE);
  const later = DAY + 10 * MINUTE;
  expect(nextRemedy(portless(after('restart VPN', 1, later)))?.at).toBe(later + MINUTE);
  expect(nextRemedy(portless(after('restart VPN', 2, later)))?.at).toBe(later + 30 * MINUTE);
  expect(nextRemedy(portless(after('restart VPN', 3, later)))).toBeNull();
});

test.each([
  [
    'have failed are tried anew when a worker starts, which may have other keys',
    'it refuses access (401)',
    'restart VPN',
  ],
  ['have worked and brought no port are not tried anew for that', null, undefined],
])('restarts that %s', (_what, error, next) => {
  const done = after('restart VPN', 3, DAY);
  const state = new VpnState(portless({ ...done, last: done.last ? { ...done.last, error } : null }));
  configure(state, state.data.settings, null, DAY);
  expect(nextRemedy(state.data)?.remedy.kind).toBe(next);
});

test('a port that was missing before an outage counts as lost only after the whole time has passed again', () => {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  const observe = (health: 'healthy' | 'unhealthy', at: number) =>
    accept(
      state,
      snapshot(0, { at, vpn: presentVpn({ health }), port: health === 'healthy' ? none : { kind: 'unasked' } }),
      state.data.revision,
      at,
    );
  observe('healthy', DAY);
  expect(nextRemedy(state.data)?.at).toBe(DAY + MINUTE);
  observe('unhealthy', DAY + 40_000);
  observe('healthy', DAY + 55_000);
  expect(nextRemedy(state.data)?.at).toBe(DAY + 55_000 + MINUTE);
});

test('no other remedy begins while one is under way', () => {
  const running = { ...remedy, kind: 'restart container', error: null } as const;
  expect(nextRemedy(ill({ running }))).toBeNull();
  expect(nextRemedy(portless({ running }))).toBeNull();
});

test('a VPN that is starting needs no remedy', () => {
  const starting = { ...ill(), snapshot: snapshot(40_000, { vpn: presentVpn({ health: 'starting' }) }) };
  expect(nextRemedy(starting)).toBeNull();
});

/** The state of a VPN without a port, after a restart inside its container with that outcome. */
function restarted(outcome: RemedyFailure | null, change: Partial<VpnData['settings']> = {}): VpnState {
  const state = new VpnState({ ...portless(), settings: vpnSettings(change) });
  remedyEnded(state, begin(state), outcome, DAY + 2 * MINUTE);
  return state;
}

/** Begins the remedy that is due. */
function begin(state: VpnState): Remedy {
  accept(state, snapshot(0, { port: none }), state.data.revision, DAY + MINUTE);
  const effect = takeDecision(state, DAY + MINUTE).effects.find((e) => e.kind === 'remedy');
  if (!effect) throw new Error('expected a remedy to be due');
  return effect.remedy;
}

const hangs = { kind: 'hangs', message: 'no answer for 30 s' } as const;
const failed = { kind: 'failed', message: 'the control server answers 500' } as const;

describe('a remedy that fails', () => {
  test('is reported with the reason while it is tried again, and after its time is up', () => {
    const state = new VpnState(portless());
    const remedyAtWork = begin(state);
    expect(problemOf(state.data)).toBeNull();
    remedyFailing(state, remedyAtWork, failed);
    expect(state.data.remedies.running).toMatchObject({ kind: 'restart VPN', error: failed.message });
    const problem = problemOf(state.data);
    expect(problem).toMatch(
      /has lost its forwarded port, and could not be restarted inside its container: .* answers 500$/,
    );
    remedyEnded(state, remedyAtWork, failed, DAY + 2 * MINUTE);
    expect(state.data.remedies).toMatchObject({ running: null, last: { error: failed.message } });
    expect(problemOf(state.data)).toBe(problem);
    accept(state, snapshot(40_001), state.data.revision, DAY + 3 * MINUTE);
    expect(problemOf(state.data)).toBeNull();
  });

  test('is reported with the reason also while the control server can not be read', () => {
    const state = restarted(failed);
    const unclear = { kind: 'unknown', forMs: 0, reason: 'refused', none: false } as const;
    accept(state, snapshot(0, { port: unclear }), state.data.revision, DAY + 3 * MINUTE);
    expect(problemOf(state.data)).toMatch(/could not be restarted inside its container/);
  });

  test('on an unhealthy container is reported besides the ill health', () => {
    const state = new VpnState(ill());
    accept(state, snapshot(0, { vpn: presentVpn({ health: 'unhealthy' }) }), 0, DAY);
    const effect = takeDecision(state, DAY + MINUTE).effects.find((e) => e.kind === 'remedy');
    if (!effect) throw new Error('expected a remedy to be due');
    remedyFailing(state, effect.remedy, { kind: 'failed', message: 'Docker answers 403' });
    expect(problemOf(state.data)).toMatch(/is unhealthy: .*, and it could not be restarted: Docker answers 403$/);
  });
});

describe('a control server that hangs', () => {
  test('has the container restarted at once, and again after growing pauses if that does not help', () => {
    const state = restarted(hangs);
    expect(nextRemedy(state.data)).toMatchObject({
      remedy: { kind: 'restart container', reason: 'control server hangs', session: CURRENT },
      at: 0,
    });
    expect(problemOf(state.data)).toMatch(
      /has lost its forwarded port, and its control server hangs: its container is to be/,
    );
    const again = { ...state.data.remedies, containerRestarts: 1, containerRestartedAt: DAY + 5 * MINUTE };
    expect(nextRemedy({ ...state.data, remedies: again })?.at).toBe(DAY + 7 * MINUTE);
  });

  test('is reported to the owner where restarts of containers are turned off', () => {
    const state = restarted(hangs, { unhealthyRestartMs: 0 });
    expect(nextRemedy(state.data)?.remedy.kind).toBe('restart VPN');
    expect(problemOf(state.data)).toMatch(
      /hangs: restart its container by hand \(docker restart gluetun\), since VPN_UNHEALTHY/,
    );
  });

  test('is reported to the owner as well where the container can not be restarted', () => {
    const state = restarted(hangs);
    const restart = { ...remedy, kind: 'restart container', reason: 'control server hangs' } as const;
    remedyEnded(state, restart, { kind: 'failed', message: 'Docker answers 403' }, DAY + 3 * MINUTE);
    expect(problemOf(state.data)).toMatch(
      /hangs; restart its container by hand .*, since Portward could not: Docker answers 403$/,
    );
  });

  test.each([
    ['the port is back', snapshot(40_001)],
    ['the container was restarted', snapshot(0, { vpn: presentVpn({ startedAt: DAY }), port: none })],
    [
      'somebody has stopped the container',
      snapshot(0, { vpn: presentVpn({ running: false }), port: { kind: 'unasked' } }),
    ],
  ])('counts as such no more when %s', (_what, seen) => {
    const state = restarted(hangs);
    accept(state, seen, state.data.revision, DAY + 3 * MINUTE);
    expect(nextRemedy(state.data)?.remedy.reason).not.toBe('control server hangs');
    expect(problemOf(state.data) ?? '').not.toMatch(/hangs/);
  });
});

describe('a VPN that is stopped inside its container', () => {
  const stopped = { ...none, stopped: true } as const;
  const observe = (state: VpnState, port: typeof none | typeof stopped, at: number) =>
    accept(state, snapshot(0, { port }), state.data.revision, at);

  test('by its owner is left alone and reported; once it is started, the time for getting a port begins anew', () => {
    const state = new VpnState(portless());
    observe(state, stopped, DAY);
    expect(nextRemedy(state.data)).toBeNull();
    expect(problemOf(state.data)).toBe(
      `the VPN in container 'gluetun' is stopped: start it with PUT /v1/vpn/status {"status":"running"} at its control server, or restart the container`,
    );
    observe(state, none, DAY + 60 * MINUTE);
    expect(problemOf(state.data)).toBeNull();
    expect(nextRemedy(state.data)?.at).toBe(DAY + 61 * MINUTE);
  });

  test('by an unfinished restart of Portward is started again', () => {
    const state = new VpnState(portless());
    const atWork = begin(state);
    observe(state, stopped, DAY + MINUTE);
    expect(problemOf(state.data)).toBeNull();
    remedyFailing(state, atWork, failed);
    expect(state.data.remedies.halfDone).toBe(CURRENT);
    remedyEnded(state, atWork, failed, DAY + 2 * MINUTE);
    expect(nextRemedy(state.data)?.remedy.kind).toBe('restart VPN');
    expect(problemOf(state.data)).toMatch(/could not be restarted inside its container/);
  });

  test('for the moment of a restart by Portward does not count as stopped by its owner', () => {
    const state = new VpnState(portless());
    const atWork = begin(state);
    observe(state, stopped, DAY + MINUTE);
    remedyEnded(state, atWork, null, DAY + 2 * MINUTE);
    expect(problemOf(state.data)).toBeNull();
    observe(state, stopped, DAY + 3 * MINUTE);
    expect(problemOf(state.data)).toMatch(/is stopped: start it/);
  });

  test('after a restart that was refused, and so changed nothing, counts as stopped by its owner', () => {
    const state = restarted({ kind: 'refused', message: 'a role lacks PUT' });
    observe(state, stopped, DAY + 3 * MINUTE);
    expect(nextRemedy(state.data)).toBeNull();
  });

  test('and was therefore left alone does not count as restarted', () => {
    const { remedies, port } = restarted({ kind: 'VPN stopped', message: 'it is stopped' }).data;
    expect([remedies, port.stopped]).toEqual([noRemedies, true]);
  });
});
