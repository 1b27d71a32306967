// How many engines a VPN keeps, simulated step by step.
import type { Cause, Replacement } from '../../src/domain/replacement';
import type { VpnSettings } from '../../src/domain/settings';
import type { ProvisionRequest } from '../../src/workflows/vpn/messages';
import { decide } from '../../src/workflows/vpn/decide/decide';
import { poolState } from '../../src/workflows/vpn/pool-state';
import { noRemedies } from '../../src/workflows/vpn/decide/remedies';
import { bootingEngines, newVpnData, runningReplacements, type VpnData } from '../../src/workflows/vpn/data';
import { VpnState } from '../../src/workflows/vpn/state';
import {
  DAY,
  forwardedEngine,
  plainEngine,
  presentVpn,
  replacement,
  snapshot,
  target,
  vpnSettings,
  breakers,
} from '../builders';
import { World } from './world';
import { assertSettled } from './world-at-rest';
import { provision } from '../../src/workflows/vpn/requests/provision';
import { attemptFailed } from '../../src/workflows/vpn/observe/replacement-reports';
import { provisioningRefusal } from '../../src/workflows/vpn/requests/eligibility';

const GRACE_MS = 60_000;
const NEVER = { threshold: 100, recoveryMs: 60_000 };

/** A VPN with so many engines, which has been at rest for long. */
function settled(engines: number, change: Partial<VpnSettings> = {}): World {
  const world = new World({ targetEngines: engines, idleGraceMs: GRACE_MS, ...change });
  world.settle();
  expect(world.containers.size).toBe(engines);
  return world;
}

/** Lets everything go on, a second at a time. */
function goOn(world: World, ms: number): void {
  for (const until = world.now + ms; world.now < until;) {
    world.observe();
    for (const number of world.running()) world.step(number, true);
    world.pass(1_000);
  }
}

function plain(world: World): string[] {
  return world.state.data.engines.filter((e) => e.role === 'plain').map((e) => e.id);
}

function causes(world: World): Cause[] {
  return world.state.data.replacements.map((r) => r.cause);
}

describe('a higher target', () => {
  test('brings up the missing engines at once and side by side', () => {
    const world = settled(2);
    world.setTarget(4);
    world.observe();
    expect(runningReplacements(world.state.data).map((r) => r.cause)).toEqual(['scaled up', 'scaled up']);
    world.settle();
    assertSettled(world);
    expect(world.containers.size).toBe(4);
  });

  test('and an engine that died meanwhile: each missing engine is brought up once, with its own cause', () => {
    const world = settled(2);
    const [dead = ''] = plain(world);
    world.containers.delete(dead);
    world.setTarget(3);
    world.observe();
    expect(causes(world).slice(2).toSorted()).toEqual(['engine missing', 'scaled up']);
  });
});

describe('a target of 0, as with MIN_REPLICAS=0', () => {
  test('keeps the forwarded engine and no other', () => {
    const world = new World({ targetEngines: 0, idleGraceMs: GRACE_MS });
    world.settle();
    assertSettled(world);
    expect(world.state.data.engines.map((e) => e.role)).toEqual(['forwarded']);
    goOn(world, 2 * GRACE_MS);
    expect(causes(world)).toEqual(['first engine']);
  });

  test('keeps no engine on a VPN without a forwarded port', () => {
    const world = new World({ targetEngines: 0 });
    world.port = null;
    goOn(world, 2 * GRACE_MS);
    expect(world.state.data.replacements).toEqual([]);
  });

  test('removes idle engines, except for the forwarded one', () => {
    const world = settled(2);
    world.setTarget(0);
    goOn(world, 2 * GRACE_MS);
    expect(world.state.data.engines.map((e) => e.role)).toEqual(['forwarded']);
  });
});

describe('a lower target', () => {
  test('releases the youngest engines, once they have been surplus for the grace period', () => {
    const world = settled(2);
    const [eldest = ''] = plain(world);
    world.setTarget(4);
    world.settle();
    world.setTarget(2);
    goOn(world, GRACE_MS - 5_000);
    expect(world.containers.size).toBe(4);
    goOn(world, 20_000);
    expect(plain(world)).toEqual([eldest]);
    world.settle();
    assertSettled(world);
  });

  test('keeps an engine with a stream, until it has been idle for the grace period', () => {
    const world = settled(3);
    const [busy = ''] = plain(world);
    world.play(busy);
    world.setTarget(1);
    world.settle();
    expect(plain(world)).toEqual([busy]);
    for (const { id } of world.playing) world.stopPlaying(id);
    goOn(world, GRACE_MS - 5_000);
    expect(plain(world)).toEqual([busy]);
    goOn(world, 20_000);
    expect(plain(world)).toEqual([]);
    world.settle();
    assertSettled(world);
  });

  test('that is raised again within the grace period removes no engine', () => {
    const world = settled(3);
    const before = [...world.containers.keys()];
    world.setTarget(1);
    goOn(world, GRACE_MS - 5_000);
    world.setTarget(3);
    world.settle();
    expect([...world.containers.keys()]).toEqual(before);
  });

  test('never removes the forwarded engine, also while the port changes', () => {
    const world = settled(2);
    world.port = 40_001;
    world.setTarget(1);
    goOn(world, 10_000);
    world.settle();
    expect([...world.containers.values()].map((c) => [c.role, c.p2pPort])).toEqual([['forwarded', 40_001]]);
    world.collectGarbage();
    world.settle();
    expect(world.containers.size).toBe(1);
  });
});

describe('a garbage collection', () => {
  test("does not wait for the grace period, and removes no engine that is busy, wanted or not Portward's", () => {
    const world = settled(4);
    const [busy = '', ...idle] = plain(world);
    world.play(busy);
    const foreign = world.addForeign('plain', null);
    goOn(world, 5_000);
    world.setTarget(3);
    world.collectGarbage();
    world.observe();
    const going = runningReplacements(world.state.data).flatMap((r) => r.old.map((e) => e.id));
    expect(going.toSorted()).toEqual(idle.toSorted());
    world.settle();
    expect(plain(world).toSorted()).toEqual([busy, foreign].toSorted());
  });

  test('that is asked for while an engine is being brought up is done afterwards', () => {
    const world = settled(4);
    goOn(world, 5_000);
    world.port = 40_001;
    world.setTarget(1);
    world.observe();
    expect(runningReplacements(world.state.data)).toHaveLength(1);
    world.collectGarbage();
    world.settle();
    expect([...world.containers.values()].map((c) => [c.role, c.p2pPort])).toEqual([['forwarded', 40_001]]);
  });

  test('is done once: engines that become idle later have their grace period', () => {
    const world = settled(2);
    world.collectGarbage();
    goOn(world, 5_000);
    world.provision(null);
    goOn(world, GRACE_MS / 2);
    expect(world.containers.size).toBe(3);
  });
});

describe('an engine that somebody asked for', () => {
  test('stays until it has been idle for the grace period, and an engine that is removed meanwhile gets no successor', () => {
    const world = settled(2);
    const [other = ''] = plain(world);
    world.provision(19_007);
    goOn(world, 10_000);
    expect([...world.containers.values()].map((c) => c.httpPort)).toContain(19_007);
    world.removeEngine(other);
    goOn(world, GRACE_MS * 3);
    expect(causes(world).slice(2)).toEqual(['requested', 'removed']);
    expect(plain(world)).toHaveLength(1);
  });

  test('and that does not come up is given up at its first failure, and holds up no other engine', () => {
    const world = settled(2, { breakers: { general: { threshold: 2, recoveryMs: 60_000 }, replacement: NEVER } });
    world.provision(19_007);
    world.observe();
    const [requested = 0] = world.running();
    world.failProvisioning(requested);
    world.settle();
    expect(world.state.data.replacements.at(-1)).toMatchObject({
      ...{ cause: 'requested', state: 'completed', target: null, made: null, lastError: 'provisioning: no' },
    });
    expect(world.containers.size).toBe(2);
    world.setTarget(3);
    world.settle();
    expect(world.containers.size).toBe(3);
  });

  test('is removed after the grace period if there are more engines than wanted', () => {
    const world = settled(2);
    const before = [...world.containers.keys()];
    world.provision(null);
    goOn(world, GRACE_MS - 10_000);
    expect(world.containers.size).toBe(3);
    goOn(world, 30_000);
    expect([...world.containers.keys()]).toEqual(before);
  });
});

test('a removed engine gets a successor if fewer than wanted are left, and a forwarded one always does', () => {
  const world = settled(2);
  const before = [...world.containers.keys()];
  for (const id of before) world.removeEngine(id);
  world.settle();
  assertSettled(world);
  expect([...world.containers.keys()].some((id) => before.includes(id))).toBe(false);
});

function data(change: Partial<VpnData>): VpnData {
  return { ...newVpnData(vpnSettings(), 'abcdef12'), ...change };
}

describe('the pool state for the fleet', () => {
  test('is null before the first snapshot', () => {
    expect(poolState(data({}), DAY)).toBeNull();
  });

  test('counts engines that exist or are being brought up, and of those that are not released the busy ones', () => {
    const [forwarded, busy, evicted] = [forwardedEngine(19_000, 40_000), plainEngine(19_001), plainEngine(19_002)];
    const stream = { keyType: 'url', key: 'k', playbackSessionId: 's', statUrl: 'u', commandUrl: 'u' } as const;
    const streams = [busy, busy, evicted].map(({ id }, i) => ({
      ...{ ...stream, id: `s${i}`, containerId: id, isLive: true },
      ...{ startedAt: DAY, endedAt: null, endReason: null },
    }));
    const work = [replacement({ target: target({ role: 'plain' }) }), replacement({ number: 8, readyAt: DAY })];
    const state = data({
      snapshot: snapshot(40_000),
      engines: [forwarded, busy],
      evicted: [evicted],
      streams,
      replacements: work,
    });
    expect(poolState(state, DAY)).toEqual({ condition: 'healthy', engines: 3, busy: 1, reserved: 0, target: 2 });
    expect(poolState({ ...state, fleetTarget: 5 }, DAY)?.target).toBe(5);
    expect(
      poolState({ ...state, unreachable: { kind: 'unreachable', at: DAY, problem: 'no Docker' } }, DAY)?.condition,
    ).toBe('healthy');
  });

  test('reserves an engine for the viewers of the one that it replaces, until it answers or fails to come up', () => {
    const work = replacement({ target: target({ role: 'plain' }), wasInUse: true });
    const reserved = (change: Partial<Replacement>) =>
      poolState(data({ snapshot: snapshot(40_000), replacements: [{ ...work, ...change }] }), DAY)?.reserved;
    expect(reserved({})).toBe(1);
    expect(reserved({ wasInUse: false })).toBe(0);
    expect(reserved({ readyAt: DAY })).toBe(0);
    expect(reserved({ failedAttempts: 1 })).toBe(0);
    expect(reserved({ heldUntil: DAY + 1 })).toBe(0);
  });

  test.each([
    ['is starting', { health: 'starting' }, null, 'unsettled'],
    ['has failed its health check for less than 10 s', { health: 'unhealthy' }, 9_999, 'unsettled'],
    ['has failed its health check for 10 s', { health: 'unhealthy' }, 10_000, 'down'],
    ['is stopped', { health: 'healthy', running: false }, 0, 'down'],
  ] as const)('of a VPN that %s', (_how, change, failedForMs, condition) => {
    const state = data({
      snapshot: snapshot(40_000, { vpn: presentVpn(change) }),
      outageSince: failedForMs === null ? null : DAY,
    });
    expect(poolState(state, DAY + (failedForMs ?? 0))?.condition).toBe(condition);
  });

  test('of a VPN that starts again because it was down is down until it is healthy', () => {
    const starting = snapshot(40_000, { vpn: presentVpn({ health: 'starting' }) });
    const remedies = { ...noRemedies, containerRestarts: 1 };
    expect(poolState(data({ snapshot: starting, remedies }), DAY)?.condition).toBe('down');
    expect(poolState(data({ snapshot: starting, outageSince: DAY - 60_000 }), DAY)?.condition).toBe('down');
    const dip = snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy' }) });
    expect(poolState(data({ snapshot: dip, outageSince: DAY, remedies }), DAY)?.condition).toBe('down');
  });

  test('of a VPN that failed its health check just before Docker became unreachable is unsettled', () => {
    const dip = snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy' }) });
    const unreachable = { kind: 'unreachable', at: DAY + 3_000, problem: 'no Docker' } as const;
    expect(poolState(data({ snapshot: dip, outageSince: DAY, unreachable }), DAY + 60_000)?.condition).toBe(
      'unsettled',
    );
  });

  test('of a VPN that does not exist is down', () => {
    expect(poolState(data({ snapshot: snapshot(40_000, { vpn: { kind: 'absent' } }) }), DAY)?.condition).toBe('down');
  });

  test('is decided on again when a VPN has failed its health check for 10 s', () => {
    const state = data({ snapshot: snapshot(40_000, { vpn: presentVpn({ health: 'unhealthy' }) }), outageSince: DAY });
    expect(decide({ ...state, snapshotRevision: state.revision }, DAY + 1).wakeAt).toBe(DAY + 10_000);
  });
});

describe('a requested engine is refused', () => {
  const request: ProvisionRequest = { requestId: 'r', labels: {}, sealedEnv: null, httpPort: null };
  const refused = (change: Partial<VpnData>, asked: Partial<ProvisionRequest> = {}) => {
    const two = vpnSettings({ httpPorts: { first: 19_000, last: 19_001 } });
    const state = new VpnState({ ...newVpnData(two, 'abcdef12'), snapshot: snapshot(40_000), ...change });
    const refusal = provisioningRefusal(state.data, { ...request, ...asked }, DAY);
    if (refusal === null) expect(provision(state, { ...request, ...asked }, DAY).effect?.kind).toBe('start');
    else expect(() => provision(state, { ...request, ...asked }, DAY)).toThrow(refusal);
    return refusal;
  };
  const open = { failures: 5, lastFailureAt: DAY, lastSuccessAt: null, openedAt: DAY };
  const taken = plainEngine(19_000);

  test.each<[string, Partial<VpnData>, Partial<ProvisionRequest>, RegExp]>([
    [
      'while Docker is unreachable',
      { unreachable: { kind: 'unreachable', at: DAY, problem: 'no Docker' } },
      {},
      /^no Docker/,
    ],
    ['before the first snapshot', { snapshot: null }, {}, /not healthy/],
    [
      'while the VPN is not healthy',
      { snapshot: snapshot(1, { vpn: presentVpn({ health: 'unhealthy' }) }) },
      {},
      /not healthy/,
    ],
    ['without the image', { snapshot: snapshot(40_000, { imagePresent: false }) }, {}, /image engine:test is not on/],
    ['of a VPN that is not configured any more', { retired: true }, {}, /not configured any more/],
    ['on a port of another range', {}, { httpPort: 20_000 }, /port 20000 is not among those/],
    ['on a port that is taken', { engines: [taken] }, { httpPort: 19_000 }, /port 19000 .* is taken/],
    ['when all ports are taken', { engines: [taken, plainEngine(19_001)] }, {}, /no free HTTP port/],
    ['while the circuit breaker is open', { breakers: breakers({ general: open }) }, {}, /circuit breaker .* open/],
  ])('%s', (_when, change, asked, reason) => {
    expect(refused(change, asked)).toMatch(reason);
  });

  test('and otherwise it is not', () => {
    expect(refused({})).toBeNull();
    expect(refused({ breakers: breakers({ replacement: open }) })).toBeNull();
    // A repeated request that is under way is never refused.
    const own = replacement({ requestId: 'r', cause: 'requested' });
    const state = new VpnState({ ...newVpnData(vpnSettings(), 'abcdef12'), replacements: [own] });
    expect(provision(state, request, DAY)).toEqual({ replacement: own, effect: null });
  });
});

test('the removal of an engine is reported when it is done, also where its successor waits for it', () => {
  const world = settled(1);
  world.force(null);
  goOn(world, 60_000);
  expect(world.state.data.events.slice(-4).map(({ event }) => event.kind)).toEqual([
    'engine_evicted',
    'engine_stopped',
    'engine_provisioned',
    'engine_ready',
  ]);
});

describe('an engine that could not be brought up', () => {
  const made = { id: 'in-vain', name: 'in-vain' };
  const failed = (countsForBreaker: boolean) => {
    const own = replacement({ number: 1, cause: 'engine missing', old: [], made });
    const state = new VpnState({ ...newVpnData(vpnSettings(), 'abcdef12'), replacements: [own] });
    const message = { incarnation: 'abcdef12', number: 1, failedAttempts: 1, error: 'no answer', provisioning: true };
    attemptFailed(state, { ...message, countsForBreaker, taken: null }, DAY);
    return state.data;
  };

  test('counts as booting no more, and is reported as stopped', () => {
    const after = failed(true);
    expect(bootingEngines(after)).toEqual([]);
    expect(after.events.map(({ event }) => event)).toMatchObject([{ kind: 'engine_stopped', engine: made.id }]);
  });

  test('counts for the circuit breaker, but not with environment of its caller', () => {
    expect(failed(true).breakers.forwarded.replacement.failures).toBe(1);
    expect(failed(false).breakers.forwarded.replacement.failures).toBe(0);
  });
});

test('the last 50 events are kept, in order and with consecutive numbers', () => {
  const world = settled(1);
  for (let port = 40_001; port <= 40_020; port++) {
    world.port = port;
    world.settle();
  }
  const { events } = world.state.data;
  const last = events.at(-1)?.number ?? 0;
  expect(last).toBeGreaterThan(80);
  expect(events.map((item) => item.number)).toEqual(Array.from({ length: 50 }, (_, i) => last - 49 + i));
  expect(events.map((item) => item.at)).toEqual(events.map((item) => item.at).toSorted((a, b) => a - b));
  expect(events.slice(-5).map(({ event }) => event.kind)).toEqual([
    'port_changed',
    'engine_evicted',
    'engine_stopped',
    'engine_provisioned',
    'engine_ready',
  ]);
});
