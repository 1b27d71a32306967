import type { ListedEngine } from '../../src/domain/engine';
import { decide } from '../../src/workflows/vpn/decide/decide';
import { newVpnData, type VpnData } from '../../src/workflows/vpn/data';
import { DAY, forwardedEngine, plainEngine, snapshot, vpnSettings } from '../builders';

// How long an idle surplus engine stays.

const MADE_BY_US = { 'portward.replacement': 'abcdef12/2' };

const runs = { running: true, startedAt: DAY, networkOf: 'vpn-container' };

/** One engine is wanted. Besides the forwarded one there is a surplus one, which first answered at DAY. */
function surplus(idleGraceMs: number, change: Partial<ListedEngine> = {}, data: Partial<VpnData> = {}): VpnData {
  const engines = [
    forwardedEngine(19_000, 65_290, { firstSeen: DAY - 3_600_000 }),
    plainEngine(19_001, { labels: MADE_BY_US, firstSeen: DAY, ...change }),
  ];
  const conditions = engines.map(({ id, health }) => ({ ...runs, id, health }));
  return {
    ...newVpnData(vpnSettings({ targetEngines: 1, idleGraceMs }), 'abcdef12'),
    snapshot: snapshot(65_290, { engines: conditions }),
    snapshotRevision: 0,
    port: {
      last: 65_290,
      read: null,
      unknownSince: null,
      reason: null,
      noneSince: null,
      stopped: false,
      knownSince: DAY,
    },
    engines,
    surplusSince: DAY,
    ...data,
  };
}

/** How many ms after its first answer the engine is removed. It is decided whenever the last decision says to decide again. */
function goesAfter(data: VpnData): number {
  for (let now = DAY; ;) {
    const { actions, wakeAt } = decide(data, now);
    const [action] = actions;
    if (action?.kind === 'replace' && action.cause === 'surplus' && action.bringUp === null) return now - DAY;
    if (action) throw new Error(`expected that it goes, found ${JSON.stringify(actions)}`);
    if (wakeAt === null) throw new Error('it would never go');
    now = wakeAt;
  }
}

test.each([
  [30_000, 30_000],
  [10_000, 10_000],
  [2_000, 10_000],
  [0, 10_000],
])('with a grace period of %i ms an engine that nobody has used goes %i ms after it answered first', (grace, after) => {
  expect(goesAfter(surplus(grace))).toBe(after);
});

test('the grace period does not begin before it answers', () => {
  // It was asked for 25 s before it answered, and since then there has been a surplus.
  expect(goesAfter(surplus(12_000, {}, { surplusSince: DAY - 25_000 }))).toBe(12_000);
});

test('one that was used is removed after the grace period, counted from the end of its last stream', () => {
  expect(goesAfter(surplus(2_000, { lastUsedAt: DAY + 60_000 }))).toBe(62_000);
});

test('POST /gc removes it at once', () => {
  expect(goesAfter(surplus(30_000, {}, { collecting: true }))).toBe(0);
});

test('an engine of a former incarnation, which may have an unknown stream, is removed after 6 hours, and not on request', () => {
  const former = { labels: { 'portward.replacement': '12345678/2' } };
  expect(goesAfter(surplus(30_000, former, { collecting: true }))).toBe(6 * 60 * 60_000);
  expect(goesAfter(surplus(30_000, { ...former, lastUsedAt: DAY + 60_000 }))).toBe(90_000);
});

describe('while no port is known', () => {
  const unknown = { kind: 'unknown', forMs: 0, reason: 'none right now', none: true } as const;
  const given = surplus(30_000);
  const portless: VpnData = {
    ...given,
    snapshot: given.snapshot && { ...given.snapshot, port: unknown },
    port: { ...given.port, unknownSince: DAY - 3_600_000, knownSince: null },
  };

  test('a surplus engine is removed all the same, and the forwarded one that waits for its port stays', () => {
    expect(goesAfter(portless)).toBe(30_000);
    expect(goesAfter({ ...portless, collecting: true })).toBe(0);
  });

  test('and no engine is forwarded, one of several plain engines is removed', () => {
    const engines = portless.engines.map((e) => ({ ...e, role: 'plain' as const, p2pPort: null }));
    expect(goesAfter({ ...portless, engines, port: { ...portless.port, last: null } })).toBe(30_000);
  });

  test('and a forwarded engine may still come up, plain engines serve in its place', () => {
    const engines = portless.engines.filter((e) => e.role === 'plain');
    const lost = [...engines, plainEngine(19_002, { labels: MADE_BY_US, firstSeen: DAY })];
    const conditions = lost.map(({ id, health }) => ({ ...runs, id, health }));
    const waiting: VpnData = {
      ...portless,
      snapshot: portless.snapshot && { ...portless.snapshot, engines: conditions },
      port: { ...portless.port, unknownSince: DAY },
      engines: lost,
      collecting: true,
    };
    expect(decide(waiting, DAY).actions).toEqual([]);
  });
});

/** What happens to the engine when the VPN is healthy again, and its forwarded engine has been replaced. */
const afterOutage = (
  change: Partial<ListedEngine>,
  data: Partial<VpnData> = {},
  forwarded: Partial<ListedEngine> = {},
) => {
  const given = surplus(30_000, change, { reconnectedAt: DAY + 1_000, ...data });
  const engines = given.engines.map((e) =>
    e.role === 'forwarded' ? { ...e, firstSeen: DAY + 2_000, ...forwarded } : e,
  );
  return decide({ ...given, engines }, DAY + 3_000).actions;
};
const goes = (bringUp: object | null) => [
  { kind: 'replace', cause: 'VPN reconnected', old: [{ id: plainEngine(19_001).id }], bringUp },
];

describe('after an outage a surplus engine from before', () => {
  const successor = { role: 'plain' };

  test('is removed at once, without a successor', () => {
    expect(afterOutage({})).toMatchObject(goes(null));
  });

  test('has a successor if it is wanted, or if Portward has not made it', () => {
    expect(afterOutage({}, { fleetTarget: 2 })).toMatchObject(goes(successor));
    expect(afterOutage({ labels: {} })).toMatchObject(goes(successor));
  });

  test('has a successor if it has a stream', () => {
    const stream = { keyType: 'url', key: 'k', playbackSessionId: 's', statUrl: 'u', commandUrl: 'u' } as const;
    const ended = { startedAt: DAY, endedAt: null, endReason: null };
    const streams = [{ ...stream, ...ended, id: 's', containerId: plainEngine(19_001).id, isLive: true }];
    expect(afterOutage({}, { streams })).toMatchObject(goes(successor));
  });

  test('has a successor while no forwarded engine works, since it may be the only one', () => {
    expect(afterOutage({}, {}, { ready: false })).toMatchObject(goes(successor));
  });
});
