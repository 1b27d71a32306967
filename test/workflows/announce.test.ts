import { log } from '@temporalio/workflow';
import { DAY, forwardedEngine, presentVpn, replacement, snapshot, target, vpnSettings } from '../builders';
import type { PublicEvent } from '../../src/domain/event-log';
import { session } from '../../src/domain/vpn/observation';
import { newVpnData, noPort, type VpnData } from '../../src/workflows/vpn/data';
import { takeDecision } from '../../src/workflows/vpn/decide/take-decision';
import { accept } from '../../src/workflows/vpn/observe/accept';
import { engineReady } from '../../src/workflows/vpn/observe/engine-reports';
import { remedyEnded } from '../../src/workflows/vpn/observe/remedy-reports';
import { attemptFailed, replacementEnded } from '../../src/workflows/vpn/observe/replacement-reports';
import { announce } from '../../src/workflows/vpn/report/announce';
import { remove } from '../../src/workflows/vpn/requests/removal';
import { VpnState } from '../../src/workflows/vpn/state';

// Log lines for the events of a VPN: one for each event, in the texts that users know.

const INCARNATION = 'abcdef12';
const engine = forwardedEngine(19_000, 65_290);
const condition = {
  id: engine.id,
  running: true,
  startedAt: engine.run,
  networkOf: presentVpn().id,
  health: 'healthy',
} as const;

const lines: string[] = [];
for (const level of ['info', 'warn', 'error'] as const)
  jest.spyOn(log, level).mockImplementation((...args: unknown[]) => {
    lines.push(`${level} ${String(args[0])}`);
  });
beforeEach(() => {
  lines.length = 0;
});

function vpn(change: Partial<VpnData> = {}): VpnState {
  const state = new VpnState({
    ...newVpnData(vpnSettings({ targetEngines: 1 }), INCARNATION),
    snapshot: snapshot(65_290, { engines: [condition] }),
    port: { ...noPort, last: 65_290, knownSince: DAY },
    engines: [engine],
    nextNumber: 7,
    ...change,
  });
  state.listen({ changed() {}, happened: (event, data, now) => announce('gluetun', event, data, now) });
  return state;
}

function events(state: VpnState): PublicEvent['kind'][] {
  return state.data.events.map(({ event }) => event.kind);
}

test('a port change logs that the port has changed, that the engine is replaced, and the result', () => {
  const state = vpn();
  accept(state, snapshot(40_648, { engines: [condition] }), state.data.revision, DAY);
  accept(state, snapshot(40_648, { engines: [condition] }), state.data.revision, DAY);
  takeDecision(state, DAY);
  takeDecision(state, DAY);
  const child = { number: 7, incarnation: INCARNATION, generation: 1 };
  const made = { ...forwardedEngine(19_001, 40_648), id: 'new', name: 'acestream-new' };
  const ready = { ...child, engine: made, session: session(presentVpn()) ?? '' };
  engineReady(state, ready, DAY + 1_300);
  engineReady(state, ready, DAY + 1_400);
  replacementEnded(state, { ...child, failedAttempts: 0 }, DAY + 4_000);
  replacementEnded(state, { ...child, failedAttempts: 0 }, DAY + 4_100);
  expect(lines).toEqual([
    "warn [gluetun] VPN 'gluetun' forwarded port changed from 65290 to 40648",
    "warn [gluetun] VPN 'gluetun' port changed from 65290 to 40648 - replacing forwarded engine",
    'info [gluetun] Forwarded engine acestream-new is ready on port 40648, 1.3 s after the decision (port changed)',
    'info [gluetun] Replacement 7 complete after 4.0 s',
  ]);
  expect(events(state)).toEqual([
    'port_changed',
    'engine_evicted',
    'engine_provisioned',
    'engine_ready',
    'engine_stopped',
  ]);
});

test.each([
  [null, true, "info [gluetun] VPN 'gluetun' was restarted"],
  [null, false, "info [gluetun] VPN 'gluetun' did not need to be restarted any more"],
  [{ kind: 'VPN stopped', message: 'stopped' }, true, "warn [gluetun] VPN 'gluetun' is left alone: stopped"],
  [{ kind: 'refused', message: '401' }, true, "error [gluetun] VPN 'gluetun' could not be restarted: 401"],
] as const)('a remedy that has ended with %j (needed: %j)', (failure, needed, line) => {
  const remedy = { kind: 'restart VPN', reason: 'port lost', session: 's', startedAt: DAY } as const;
  remedyEnded(vpn(), remedy, failure, DAY, needed);
  expect(lines).toEqual([line]);
});

test('an engine that fails is logged only when the circuit breaker opens, and one that is given up with its name', () => {
  const made = { id: 'made', name: 'acestream-made' };
  const state = vpn({ engines: [], replacements: [replacement({ target: target(), made })], nextNumber: 8 });
  const { threshold, recoveryMs } = state.data.settings.breakers.replacement;
  const message = {
    number: 7,
    incarnation: INCARNATION,
    error: 'no',
    provisioning: true,
    countsForBreaker: true,
    taken: null,
  };
  for (let failedAttempts = 1; failedAttempts < threshold; failedAttempts++)
    attemptFailed(state, { ...message, failedAttempts }, DAY);
  expect(lines).toEqual([]);
  attemptFailed(state, { ...message, failedAttempts: threshold }, DAY);
  expect(lines).toEqual([
    `error [gluetun] Circuit breaker (replacement) open: ${threshold} engines in a row could not be brought up, all of them forwarded; the next such engine is tried in ${recoveryMs / 1000} s, or when the breaker is reset`,
  ]);
  const booting = vpn({ engines: [], replacements: [replacement({ target: target(), made })], nextNumber: 8 });
  remove(booting, 'made', DAY);
  expect(lines.slice(1)).toEqual(['warn [gluetun] Giving up acestream-made, which does not answer yet']);
});

test('a port that could not be read, and one that was lost, are logged once they are back', () => {
  const unreadable = snapshot(65_290, {
    engines: [condition],
    port: { kind: 'unknown', forMs: 0, reason: 'it hangs', none: false },
  });
  const none = snapshot(65_290, {
    engines: [condition],
    port: { kind: 'unknown', forMs: 0, reason: 'none', none: true },
  });
  const state = vpn();
  const known = snapshot(65_290, { engines: [condition] });
  [unreadable, known, none, none, known].forEach((seen, i) =>
    accept(state, seen, state.data.revision, DAY + i * 10_000),
  );
  expect(lines).toEqual([
    'info [gluetun] The forwarded port can be read again after 10 s: 65290',
    "info [gluetun] VPN 'gluetun' has a forwarded port again after 20 s: 65290, the same as before",
  ]);
  expect(events(state)).toEqual(['port_lost', 'port_restored']);
});
