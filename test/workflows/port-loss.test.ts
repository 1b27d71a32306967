import type { PublicEvent } from '../../src/domain/event-log';
import type { Snapshot } from '../../src/domain/vpn/observation';
import { newVpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import { DAY, presentVpn, snapshot, vpnSettings } from '../builders';
import { accept } from '../../src/workflows/vpn/observe/accept';

// The loss of a port, and its return, are one event each.

const none = { kind: 'unknown', forMs: 1_000, reason: 'none right now', none: true } as const;
const unclear = { kind: 'unknown', forMs: 1_000, reason: 'it gave no answer', none: false } as const;

/** The published events about the port, with a snapshot every 10 s. */
function publishedOf(...snapshots: Snapshot[]): PublicEvent[] {
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  for (const [i, seen] of snapshots.entries())
    accept(state, { ...seen, at: DAY + i * 10_000 }, state.data.revision, DAY + i * 10_000);
  return state.data.events.map((n) => n.event).filter((h) => h.kind.startsWith('port'));
}

const without = (port: Snapshot['port'] = none, vpn = presentVpn()) => snapshot(0, { port, vpn });

test('a port that is lost and comes back is one event each, the second with how long it was gone', () => {
  expect(
    publishedOf(snapshot(65_290), without(), without(unclear), without(), snapshot(65_290), snapshot(65_290)),
  ).toEqual([
    { kind: 'port_lost', port: 65_290 },
    { kind: 'port_restored', port: 65_290, lostForMs: 31_000 },
  ]);
});

test('another port in its place is a change, too', () => {
  expect(publishedOf(snapshot(65_290), without(), snapshot(40_648))).toEqual([
    { kind: 'port_lost', port: 65_290 },
    { kind: 'port_restored', port: 40_648, lostForMs: 11_000 },
    { kind: 'port_changed', from: 65_290, to: 40_648 },
  ]);
});

test('a restart of the container meanwhile does not end the loss', () => {
  const restarted = presentVpn({ startedAt: DAY });
  const starting = presentVpn({ startedAt: DAY, health: 'starting' });
  expect(
    publishedOf(
      snapshot(65_290),
      without(),
      without({ kind: 'unasked' }, starting),
      without(none, restarted),
      snapshot(40_648, { vpn: restarted }),
    ),
  ).toEqual([
    { kind: 'port_lost', port: 65_290 },
    { kind: 'port_restored', port: 40_648, lostForMs: 31_000 },
  ]);
});

test.each<[string, Snapshot[]]>([
  ['that only could not be read', [snapshot(65_290), without(unclear), snapshot(65_290)]],
  ['that never came', [without(), without(), snapshot(65_290)]],
  [
    'of a VPN that was restarted, and has none yet',
    [
      snapshot(65_290),
      without(none, presentVpn({ startedAt: DAY })),
      snapshot(40_648, { vpn: presentVpn({ startedAt: DAY }) }),
    ],
  ],
])('a port %s is not one that was lost', (_what, snapshots) => {
  expect(publishedOf(...snapshots)).toEqual([]);
});

test('a container that was made anew without port forwarding has lost no port', () => {
  const other = presentVpn({ id: 'vpn-2', startedAt: DAY, portForwarding: false });
  const state = new VpnState(newVpnData(vpnSettings(), 'abcdef12'));
  for (const seen of [snapshot(65_290), without(), without(none, other)]) accept(state, seen, state.data.revision, DAY);
  expect(state.data.portLost).toBeNull();
});
