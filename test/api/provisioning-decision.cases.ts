import * as fc from 'fast-check';
import { decideProvisioning, type VpnCandidate } from '../../src/api/provisioning/decision';
import type { VpnData } from '../../src/workflows/vpn/data';
import {
  DAY,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  target,
  vpnStatus,
  vpnSettings,
  breakers,
} from '../builders';

const NOW = DAY + 60_000;

const LIMITS = { enginesAtMost: 20, idleGraceMs: 30_000 };

function candidate(vpn: string, engines = 0, change: Partial<VpnData> = {}): VpnCandidate {
  const all = Array.from({ length: engines }, (_, i) => plainEngine(19_000 + i));
  const view = vpnStatus({ settings: vpnSettings({ vpn }), engines: all, ...change });
  return { vpn, view, lastView: view, requestedPorts: [] };
}

const down: Partial<VpnData> = { snapshot: snapshot(65_290, { vpn: presentVpn({ health: 'unhealthy' }) }) };

const unreachable: Partial<VpnData> = {
  unreachable: { kind: 'unreachable', at: DAY, problem: "Docker can't be reached" },
};

/** A VPN whose workflow does not answer, with its number of engines in the last answer. */
const silent = (vpn: string, engines = 0): VpnCandidate => ({ ...candidate(vpn, engines), view: null });

const noImage: Partial<VpnData> = { snapshot: snapshot(65_290, { imagePresent: false }) };

const aside: Partial<VpnData> = {
  rival: { incarnation: '00000000', engine: 'theirs', since: DAY, seenAt: DAY, phase: 'at work', idleSince: null },
};

function breaker(openedAt: number, failures = 5): Partial<VpnData> {
  return { breakers: breakers({ general: { failures, openedAt } }) };
}

function decide(...vpns: VpnCandidate[]) {
  return decideProvisioning(vpns, LIMITS, null, NOW);
}

const second = vpnSettings({ vpn: 'b', httpPorts: { first: 19_100, last: 19_199 } });

export function provisioningDecisionCases(): void {
  test('the healthy VPN with the fewest engines is chosen; of several, the first', () => {
    expect(decide(candidate('a', 3), candidate('b', 2), candidate('c', 2))).toEqual({ kind: 'possible', vpn: 'b' });
    expect(decide(candidate('a', 3), candidate('b', 0, down), candidate('c', 4))).toEqual({
      kind: 'possible',
      vpn: 'a',
    });
    expect(decide(silent('a'), candidate('b', 9))).toEqual({ kind: 'possible', vpn: 'b' });
  });

  test('booting engines and engines that were just requested count', () => {
    const booting = { engines: [], replacements: [replacement({ old: [], target: target() })] };
    expect(decideProvisioning([candidate('a', 0, booting), candidate('b')], LIMITS, null, NOW)).toMatchObject({
      vpn: 'b',
    });
    const requested = { ...candidate('a'), requestedPorts: [null] };
    expect(decideProvisioning([requested, candidate('b')], LIMITS, null, NOW)).toMatchObject({ vpn: 'b' });
    const full = { enginesAtMost: 1, idleGraceMs: 30_000 };
    expect(decideProvisioning([requested, candidate('b')], full, null, NOW)).toMatchObject({
      reason: { code: 'max_capacity' },
    });
  });

  test.each([
    ['no VPN is healthy', [candidate('a', 0, down), candidate('b', 0, down)], 'vpn_disconnected', 11, true, true],
    [
      'one VPN is down and the workflow of the other does not answer',
      [candidate('a', 0, down), silent('b')],
      'vpn_disconnected',
      11,
      true,
      true,
    ],
    ['no workflow answers', [silent('a'), silent('b')], 'general_error', 10, true, true],
    ['another Portward manages the VPN', [candidate('a', 0, aside)], 'general_error', null, false, false],
    ['Docker does not answer', [candidate('a', 0, unreachable)], 'vpn_error', 10, true, true],
    ['the circuit breaker is open', [candidate('a', 0, breaker(NOW - 100_000))], 'circuit_breaker', 200, false, true],
    ['the pool is full', [candidate('a', 12), candidate('b', 8)], 'max_capacity', 30, false, true],
    [
      'the image is missing and is being pulled',
      [candidate('a', 0, { ...noImage, settings: vpnSettings({ pullPolicy: 'missing' }) })],
      'general_error',
      null,
      true,
      true,
    ],
    ['the image is missing and is not pulled', [candidate('a', 0, noImage)], 'general_error', null, false, false],
    [
      'every port is taken',
      [candidate('a', 2, { settings: vpnSettings({ httpPorts: { first: 19_000, last: 19_001 } }) })],
      'max_capacity',
      null,
      false,
      true,
    ],
  ] as const)('when %s, provisioning is blocked', (_when, vpns, code, eta, retry, wait) => {
    expect(decideProvisioning(vpns, LIMITS, null, NOW)).toEqual({
      kind: 'blocked',
      reason: { code, message: expect.any(String), recovery_eta_seconds: eta, can_retry: retry, should_wait: wait },
    });
  });

  test('of several open breakers, the one with the next attempt gives the time to wait', () => {
    const vpns = [
      candidate('a', 0, breaker(NOW - 100_000)),
      candidate('b', 0, breaker(NOW - 290_000)),
      candidate('c', 0, down),
    ];
    expect(decideProvisioning(vpns, LIMITS, null, NOW)).toMatchObject({ reason: { recovery_eta_seconds: 10 } });
  });

  test('a half open breaker allows one engine, and blocks others with can_retry', () => {
    const half = breaker(NOW - 300_000);
    expect(decideProvisioning([candidate('a', 0, half)], LIMITS, null, NOW)).toEqual({ kind: 'possible', vpn: 'a' });
    const blocked = { code: 'circuit_breaker', can_retry: true, should_wait: true };
    const trying = {
      ...half,
      replacements: [replacement({ cause: 'requested', old: [], target: target({ role: 'plain' }) })],
    };
    expect(decideProvisioning([candidate('a', 0, trying)], LIMITS, null, NOW)).toMatchObject({ reason: blocked });
    const requested = { ...candidate('a', 0, half), requestedPorts: [null] };
    expect(decideProvisioning([requested], LIMITS, null, NOW)).toMatchObject({ reason: blocked });
  });

  test('engines of a VPN that is down do not count, so that other VPNs can replace them', () => {
    const limits = { enginesAtMost: 5, idleGraceMs: 30_000 };
    expect(decideProvisioning([candidate('a', 5, down), candidate('b', 4)], limits, null, NOW)).toMatchObject({
      vpn: 'b',
    });
    expect(decideProvisioning([candidate('a', 1), candidate('b', 4)], limits, null, NOW)).toMatchObject({
      kind: 'blocked',
    });
  });

  test('engines of a VPN that does not answer count, unless the VPN was down when it last answered', () => {
    const limits = { enginesAtMost: 5, idleGraceMs: 30_000 };
    expect(decideProvisioning([silent('a', 2), candidate('b', 3)], limits, null, NOW)).toMatchObject({
      kind: 'blocked',
      reason: { code: 'max_capacity' },
    });
    expect(decideProvisioning([silent('a', 2), candidate('b', 2)], limits, null, NOW)).toMatchObject({ vpn: 'b' });
    const wasDown = { ...candidate('a', 2, down), view: null };
    expect(decideProvisioning([wasDown, candidate('b', 3)], limits, null, NOW)).toMatchObject({ vpn: 'b' });
    const neverAnswered = { ...silent('a'), lastView: null };
    expect(decideProvisioning([neverAnswered, candidate('b', 4)], limits, null, NOW)).toMatchObject({ vpn: 'b' });
  });

  test('a requested port is brought up on the VPN that has the port', () => {
    const vpns = [candidate('a', 0), candidate('b', 0, { settings: second, engines: [plainEngine(19_100)] })];
    const on = (port: number) => decideProvisioning(vpns, LIMITS, port, NOW);
    expect(on(19_150)).toEqual({ kind: 'possible', vpn: 'b' });
    expect(on(19_100)).toMatchObject({ kind: 'blocked', reason: { code: 'general_error', should_wait: false } });
    expect(on(20_000)).toEqual({
      kind: 'no such port',
      ranges: [
        { first: 19_000, last: 19_099 },
        { first: 19_100, last: 19_199 },
      ],
    });
  });

  test('a port in no known range is a general_error with should_wait while a VPN does not answer', () => {
    expect(decideProvisioning([candidate('a'), silent('b')], LIMITS, 20_000, NOW)).toMatchObject({
      reason: { code: 'general_error', should_wait: true },
    });
  });

  test('for any VPNs, an engine is allowed only on a healthy VPN and below the limit, and otherwise there is a reason', () => {
    const one = fc.record({
      engines: fc.nat(8),
      kind: fc.constantFrom('well', 'down', 'unreachable', 'silent', 'no image', 'open', 'half open' as const),
      requestedPorts: fc.array(fc.constant(null), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (given, enginesAtMost) => {
          const changes = {
            well: {},
            down,
            unreachable,
            'no image': noImage,
            open: breaker(NOW - 1_000),
            'half open': breaker(NOW - 400_000),
          };
          const vpns = given.map(({ kind, engines, requestedPorts }, i) => ({
            ...(kind === 'silent' ? silent(`v${i}`, engines) : candidate(`v${i}`, engines, changes[kind])),
            requestedPorts,
          }));
          const decision = decideProvisioning(vpns, { enginesAtMost, idleGraceMs: 30_000 }, null, NOW);
          const well = ['well', 'half open'];
          const chosen = decision.kind === 'possible' ? given[Number(decision.vpn.slice(1))] : null;
          expect(chosen === null || well.includes(chosen?.kind ?? 'none')).toBe(true);
          const there = given.filter((v) => [...well, 'open', 'no image', 'unreachable', 'silent'].includes(v.kind));
          const engines = there.reduce((sum, v) => sum + v.engines + v.requestedPorts.length, 0);
          expect(chosen === null || engines < enginesAtMost).toBe(true);
          const message = decision.kind === 'blocked' ? decision.reason.message : '';
          expect(message === '').toBe(decision.kind === 'possible');
        },
      ),
    );
  });
}
