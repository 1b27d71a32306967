import * as fc from 'fast-check';
import type { FleetMember, FleetSettings } from '../../src/domain/fleet/fleet';
import { planFleet } from '../../src/domain/fleet/plan';
import type { PoolCondition, PoolState } from '../../src/domain/fleet/pool';
import { fleetSettings, member, poolState } from '../fleet-builders';
import { runs } from '../repetitions';

/** VPNs a, b, c … with the pool state of each; null: it has never reported. */
function pool(facts: (Partial<PoolState> | null)[], change: Partial<FleetSettings> = {}) {
  const names = facts.map((_, i) => 'abcdefgh'.charAt(i));
  const members = facts.map((f, i) => member(names[i] ?? '', f));
  return { settings: fleetSettings({ ...change }, names), members };
}

function targets(
  facts: (Partial<PoolState> | null)[],
  change: Partial<FleetSettings> = {},
  demand: number | null = null,
) {
  const { settings, members } = pool(facts, change);
  return Object.values(planFleet(settings, demand, members).targets);
}

describe('how many engines each VPN keeps', () => {
  test('is the minimum spread evenly, and at least one', () => {
    expect(targets([{}, {}], { minReplicas: 4 })).toEqual([2, 2]);
    expect(targets([{}, {}, {}], { minReplicas: 1, minFreeReplicas: 0 })).toEqual([1, 1, 1]);
  });

  test('is none with a minimum of 0, except for busy engines and those that somebody asked for', () => {
    const none = { minReplicas: 0, minFreeReplicas: 0 };
    expect(targets([{}, {}], none)).toEqual([0, 0]);
    expect(targets([{ busy: 2 }, {}], none)).toEqual([2, 0]);
    expect(targets([{}, {}], none, 3)).toEqual([2, 1]);
    expect(targets([{ busy: 1 }, {}], { ...none, minFreeReplicas: 1 })).toEqual([1, 1]);
  });

  test('keeps free engines beside the busy ones, over all VPNs', () => {
    expect(targets([{ busy: 2 }, { busy: 1 }], { minFreeReplicas: 3 })).toEqual([3, 3]);
  });

  test('does not move a busy engine: the other VPNs have fewer', () => {
    expect(targets([{ busy: 5 }, {}, {}], { minReplicas: 8 })).toEqual([5, 2, 1]);
  });

  test('does not move an engine that is brought up for viewers who will come back, and wants no further one for them', () => {
    expect(targets([{ busy: 3, target: 4 }, { busy: 1 }], { minReplicas: 5, maxReplicas: 5 })).toEqual([3, 2]);
    expect(targets([{ busy: 3, reserved: 1, target: 4 }, { busy: 1 }], { minReplicas: 5, maxReplicas: 5 })).toEqual([
      4, 1,
    ]);
    expect(targets([{ busy: 1, reserved: 1, target: 2 }], { minReplicas: 1 })).toEqual([2]);
  });

  test('is the demand where that is higher, up to the lower of the two maxima', () => {
    expect(targets([{}, {}], { minReplicas: 2 }, 6)).toEqual([3, 3]);
    expect(targets([{}, {}], { maxReplicas: 8, maxActiveReplicas: 5, minReplicas: 2 }, 50)).toEqual([3, 2]);
    expect(targets([{}, {}], { minReplicas: 4 }, 1)).toEqual([2, 2]);
  });

  test("is limited by the VPN's port range, and the other VPNs have the rest", () => {
    const { settings, members } = pool([{}, {}], { minReplicas: 8 });
    const [first, second] = settings.vpns;
    const narrow = first && second ? { ...settings, vpns: [{ ...first, capacity: 2 }, second] } : settings;
    expect(planFleet(narrow, null, members).targets).toEqual({ a: 2, b: 6 });
  });

  test('for a VPN that is down is its usual share, and the others get those engines as well', () => {
    expect(targets([{ condition: 'down', target: 2 }, { target: 2 }], { minReplicas: 4 })).toEqual([2, 4]);
    expect(targets([{ target: 2 }, { target: 4, engines: 4 }], { minReplicas: 4 })).toEqual([2, 2]);
  });

  test('for an unsettled VPN is its usual share: the first VPN that is healthy does not get the engines of all', () => {
    expect(targets([{}, { condition: 'unsettled' }, { condition: 'unsettled' }], { minReplicas: 9 })).toEqual([
      3, 3, 3,
    ]);
  });

  test('leaves the odd engine on its VPN', () => {
    expect(targets([{ target: 1 }, { target: 2 }], { minReplicas: 3 })).toEqual([1, 2]);
    expect(targets([{ target: 2 }, { target: 1, engines: 3 }], { minReplicas: 3 })).toEqual([2, 1]);
  });
});

describe('a VPN that does not answer', () => {
  test('gets no target, and counts with its last one', () => {
    const { settings, members } = pool([{ target: 3 }, {}], { minReplicas: 4 });
    const silent = members.map((m) => (m.vpn === 'a' ? { ...m, answers: false } : m));
    expect(planFleet(settings, null, silent)).toEqual({ wanted: 4, targets: { b: 1 } });
  });

  test('has its share reserved where it has never reported, of the demand as well', () => {
    expect(targets([null, {}], { minReplicas: 4 })).toEqual([2]);
    expect(targets([null, {}], { minReplicas: 2 }, 6)).toEqual([3]);
  });

  test('gets engines in its place on other VPNs where it last reported that it is down', () => {
    const { settings, members } = pool([{ condition: 'down', target: 2 }, {}], { minReplicas: 4 });
    const silent = members.map((m) => (m.vpn === 'a' ? { ...m, answers: false } : m));
    expect(planFleet(settings, null, silent).targets).toEqual({ b: 4 });
  });
});

const aVpn = fc.record({
  condition: fc.constantFrom<PoolCondition>('healthy', 'unsettled', 'down'),
  answers: fc.boolean(),
  busy: fc.integer({ min: 0, max: 8 }),
  reserved: fc.integer({ min: 0, max: 2 }),
  idle: fc.integer({ min: 0, max: 8 }),
  target: fc.integer({ min: 1, max: 12 }),
  capacity: fc.integer({ min: 1, max: 12 }),
});

const aPool = fc.record({
  vpns: fc.array(aVpn, { minLength: 1, maxLength: 6 }),
  demand: fc.option(fc.integer({ min: 0, max: 60 })),
  minReplicas: fc.integer({ min: 0, max: 30 }),
  minFreeReplicas: fc.integer({ min: 0, max: 10 }),
  maxReplicas: fc.integer({ min: 1, max: 40 }),
  maxActiveReplicas: fc.integer({ min: 1, max: 40 }),
});

function drawn({ vpns, demand, ...limits }: typeof aPool extends fc.Arbitrary<infer T> ? T : never) {
  const names = vpns.map((_, i) => `vpn${i}`);
  const settings: FleetSettings = {
    ...fleetSettings(limits, names),
    vpns: vpns.map(({ capacity }, i) => ({ vpn: `vpn${i}`, capacity, initialTarget: 1 })),
  };
  const members: FleetMember[] = vpns.map(({ condition, answers, busy, reserved, idle, target }, i) => ({
    vpn: `vpn${i}`,
    answers,
    incarnation: answers ? 'l' : null,
    facts: poolState({ condition, busy, reserved, engines: busy + reserved + idle, target }),
  }));
  const plan = planFleet(settings, demand, members);
  const rows = vpns.map((v, i) => ({
    ...v,
    name: `vpn${i}`,
    planned: plan.targets[`vpn${i}`],
    fixed: v.busy + v.reserved,
  }));
  return { settings, members, demand, plan, rows };
}

/** The least that each VPN keeps. */
function floorOf({ minReplicas }: { readonly minReplicas: number }): number {
  return minReplicas === 0 ? 0 : 1;
}

/** What a VPN keeps: as planned, or as before if no target can be sent to it. */
function keeps(row: { readonly planned: number | undefined; readonly target: number }): number {
  return row.planned ?? row.target;
}

describe('whatever the pool looks like', () => {
  const often = runs(2_000);

  test('a target is never below the engines that can not be moved nor below the floor, and above the port range only for such engines', () => {
    fc.assert(
      fc.property(aPool, (given) => {
        for (const { planned, answers, fixed, capacity } of drawn(given).rows) {
          const floor = floorOf(given);
          expect(planned !== undefined).toBe(answers);
          if (planned === undefined) continue;
          expect(planned).toBeGreaterThanOrEqual(Math.max(floor, fixed));
          expect(planned).toBeLessThanOrEqual(Math.max(floor, fixed, capacity));
        }
      }),
      often,
    );
  });

  test('VPNs that are not down together have as many engines as wanted, as far as floors and port ranges allow', () => {
    fc.assert(
      fc.property(aPool, (given) => {
        const { plan, rows } = drawn(given);
        const floor = floorOf(given);
        const counted = rows.filter((r) => r.condition !== 'down');
        const sum = counted.reduce((total, r) => total + keeps(r), 0);
        const least = counted.reduce((total, r) => total + (r.answers ? Math.max(floor, r.fixed) : r.target), 0);
        const most = counted.reduce(
          (total, r) => total + (r.answers ? Math.max(floor, r.fixed, r.capacity) : r.target),
          0,
        );
        expect(sum).toBe(Math.min(most, Math.max(least, plan.wanted)));
        expect(plan.wanted).toBeLessThanOrEqual(Math.min(given.maxReplicas, given.maxActiveReplicas));
      }),
      often,
    );
  });

  test('VPNs that are not down differ by at most one engine, except for engines that can not be moved and for port ranges', () => {
    fc.assert(
      fc.property(aPool, (given) => {
        const floor = floorOf(given);
        const told = drawn(given).rows.filter((r) => r.condition !== 'down' && r.answers);
        const givers = told.filter((r) => keeps(r) > Math.max(floor, r.fixed)).map(keeps);
        const takers = told.filter((r) => keeps(r) < r.capacity).map(keeps);
        expect(Math.max(0, ...givers) - Math.min(1_000, ...takers)).toBeLessThanOrEqual(1);
      }),
      often,
    );
  });

  test('a plan stays the same when it is made again, whether or not it has been carried out', () => {
    fc.assert(
      fc.property(aPool, fc.boolean(), (given, done) => {
        const { settings, members, demand, plan } = drawn(given);
        const next = members.map((m) => {
          const target = plan.targets[m.vpn];
          if (!m.facts || target === undefined) return m;
          return { ...m, facts: { ...m.facts, target, engines: done ? target : m.facts.engines } };
        });
        expect(planFleet(settings, demand, next)).toEqual(plan);
      }),
      often,
    );
  });

  test('a VPN that comes back has its share: its own target has not changed', () => {
    fc.assert(
      fc.property(aPool, (given) => {
        const { settings, members, demand, plan, rows } = drawn({
          ...given,
          vpns: given.vpns.map((v) => ({ ...v, answers: true, busy: 0, reserved: 0 })),
        });
        const planned = members.map((m) => ({
          ...m,
          facts: m.facts && { ...m.facts, target: plan.targets[m.vpn] ?? 1 },
        }));
        const back = planned.map((m) => ({ ...m, facts: m.facts && { ...m.facts, condition: 'healthy' as const } }));
        const after = planFleet(settings, demand, back).targets;
        const down = rows.filter((r) => r.condition === 'down');
        expect(down.map((r) => after[r.name])).toEqual(down.map((r) => r.planned));
      }),
      often,
    );
  });
});
