// The status view of a VPN's workflow.
import * as fc from 'fast-check';
import { obstacleTo } from '../../src/domain/vpn/eligibility';
import { engineRef } from '../../src/domain/engine';
import { forwardedPort, isUnstable } from '../../src/domain/vpn/status-view';
import { eligibilityOf } from '../../src/workflows/vpn/requests/eligibility';
import { lostFrom, poolState } from '../../src/workflows/vpn/pool-state';
import { allocate, PortRangeUsedUp } from '../../src/workflows/vpn/decide/ports';
import * as atOnce from '../../src/workflows/vpn/data';
import {
  DAY,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  target,
  vpnData,
  vpnSettings,
  vpnStatus,
} from '../builders';

const SECOND = 1_000;

const storm = (at: number) => ({ acted: 3, lastActed: at, lastSeen: at });

describe('a status view that is kept while time passes equals a new one', () => {
  const times = Array.from({ length: 1_000 }, (_, i) => DAY + i * SECOND);

  test('for a port that can not be read', () => {
    const change = { port: { ...atOnce.noPort, last: 40_000, unknownSince: DAY } };
    const data = vpnData(change);
    expect(times.map((at) => forwardedPort(vpnStatus(change), at))).toEqual(
      times.map((at) => atOnce.validPort(data, at)),
    );
  });

  test('for a port and a health that keep changing', () => {
    const change = { portChanges: storm(DAY), reconnects: storm(DAY + 60 * SECOND) };
    const data = vpnData(change);
    expect(times.map((at) => isUnstable(vpnStatus(change), at))).toEqual(
      times.map((at) => atOnce.isUnstable(data, at)),
    );
    expect(isUnstable(vpnStatus(), DAY)).toBe(false);
  });

  test('for a VPN that counts as lost when it has failed its health check for a while', () => {
    const data = vpnData({
      snapshot: snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy' }) }),
      outageSince: DAY,
    });
    const from = lostFrom(data) ?? Infinity;
    expect(times.map((at) => at >= from)).toEqual(times.map((at) => poolState(data, at)?.condition === 'down'));
    expect(from).toBeGreaterThan(DAY);
  });
});

test('it has replacements without the fields that only the workflow needs', () => {
  const callerOptions = { labels: { stream_id: 'ch-42' }, sealedEnv: null };
  const whole = replacement({ target: target({ callerOptions, isHttpPortGiven: true }), wasInUse: true, taken: null });
  const [shown] = vpnStatus({ replacements: [whole] }).replacements;
  expect(Object.keys(shown?.target ?? {})).toEqual([
    'generation',
    'role',
    'httpPort',
    'httpsPort',
    'p2pPort',
    'waitFor',
  ]);
  const own = ['wasInUse', 'taken', 'draining', 'leave', 'leaveAsked'];
  expect(Object.keys(shown ?? {}).toSorted()).toEqual(
    [...Object.keys(whole).filter((key) => !own.includes(key)), 'isPromising'].toSorted(),
  );
});

test('an engine can be requested exactly on the ports that the workflow would give out', () => {
  const range = { first: 19_000, last: 19_003 };
  const port = fc.integer({ min: range.first, max: range.last });
  const kinds = ['there', 'released', 'booting', 'given up', 'found', 'taken', 'reserved'] as const;
  const held = fc.array(fc.record({ port, kind: fc.constantFrom(...kinds) }), { maxLength: 6 });
  fc.assert(
    fc.property(held, fc.option(port), (all, wanted) => {
      const on = (kind: (typeof kinds)[number]) => all.filter((h) => h.kind === kind).map((h) => h.port);
      const engines = on('there').map((p) => plainEngine(p));
      const evicted = on('released').map((p) => ({ ...engineRef(plainEngine(p)), id: `old-${p}` }));
      const booting = on('booting').map((p) =>
        replacement({ old: [], target: target({ httpPort: p, httpsPort: p + 26_000 }) }),
      );
      const givenUp = on('given up').map((p) =>
        replacement({ target: null, givenUp: { role: 'plain', httpPort: p, httpsPort: p + 26_000 } }),
      );
      const found = on('found').map((p) => ({
        ...plainEngine(p, { id: `found-${p}` }),
        running: true,
        startedAt: DAY,
        networkOf: 'vpn-container',
        createdAt: DAY,
        evicted: false,
      }));
      const data = vpnData({
        settings: vpnSettings({ httpPorts: range, reservedPorts: on('reserved') }),
        snapshot: snapshot(40_000, { found }),
        engines,
        evicted,
        replacements: [...booting, ...givenUp],
        takenPorts: on('taken').map((p) => ({ port: p, until: DAY })),
      });
      const isOffered = obstacleTo(eligibilityOf(data), wanted, [], DAY) === null;
      expect(isOffered).toBe(canBeGiven(data, wanted));
    }),
  );
});

function canBeGiven(data: atOnce.VpnData, wanted: number | null): boolean {
  try {
    allocate(data, null, data.nextNumber, wanted);
    return true;
  } catch (error) {
    if (error instanceof PortRangeUsedUp) return false;
    throw error;
  }
}
