import type { FleetMember, FleetState } from '../../src/domain/fleet/fleet';
import { decideFleet } from '../../src/domain/fleet/plan';
import type { PoolState } from '../../src/domain/fleet/pool';
import { withTargets } from '../../src/workflows/fleet/members';
import { fleetSettings, member } from '../fleet-builders';

const SETTLES_MS = 2_000;

/** A fleet over the VPNs a and b, which keep the targets that it decides. */
class Fleet {
  now = 1_000;
  private state: FleetState;

  constructor(a: Partial<PoolState>, b: Partial<PoolState>, limits: Parameters<typeof fleetSettings>[0]) {
    const members = [member('a', a), member('b', b)];
    this.state = { settings: fleetSettings(limits), demand: null, members, wanted: null, waiting: {} };
  }

  /** @returns the targets that are sent `ms` later */
  decide(ms = 0, atOnce = false): Record<string, number> {
    this.now += ms;
    const { targets, waiting } = decideFleet(this.state, this.now, atOnce);
    this.state = withTargets({ ...this.state, waiting }, targets);
    return targets;
  }

  get wakeIn(): number | null {
    const { wakeAt } = decideFleet(this.state, this.now, false);
    return wakeAt === null ? null : wakeAt - this.now;
  }

  report(vpn: string, change: Partial<PoolState>): this {
    const members = this.state.members.map((m): FleetMember =>
      m.vpn === vpn && m.facts ? { ...m, facts: { ...m.facts, ...change } } : m,
    );
    this.state = { ...this.state, members };
    return this;
  }

  ask(demand: number | null): this {
    this.state = { ...this.state, demand };
    return this;
  }
}

test('a higher target is sent at once, a lower one only after a while', () => {
  const fleet = new Fleet({ target: 2 }, { target: 2 }, { minReplicas: 2 });
  expect(fleet.report('a', { busy: 2 }).report('b', { busy: 2 }).decide()).toEqual({ a: 3 });
  expect(fleet.report('a', { busy: 0 }).report('b', { busy: 1 }).decide()).toEqual({});
  expect(fleet.wakeIn).toBe(SETTLES_MS);
  expect(fleet.decide(SETTLES_MS - 1)).toEqual({});
  expect(fleet.decide(1)).toEqual({ a: 1, b: 1 });
  expect(fleet.wakeIn).toBeNull();
});

test('a lower target that somebody asks for is sent at once', () => {
  const fleet = new Fleet({ target: 3 }, { target: 3 }, { minReplicas: 4 }).ask(6);
  expect(fleet.decide()).toEqual({});
  expect(fleet.ask(null).decide(0, true)).toEqual({ a: 2, b: 2 });
});

test('a stream that ends and another that begins soon after move no engine', () => {
  const fleet = new Fleet({ target: 1 }, { busy: 3, target: 3 }, { minReplicas: 2 });
  expect(fleet.report('b', { busy: 2 }).decide()).toEqual({});
  expect(fleet.report('b', { busy: 3 }).decide(1_500)).toEqual({});
  expect(fleet.wakeIn).toBeNull();
  // The wait begins anew.
  expect(fleet.report('b', { busy: 2 }).decide(10_000)).toEqual({});
  expect(fleet.wakeIn).toBe(SETTLES_MS);
});

test('while all engines are in use, one that dies is replaced on its own VPN, and not on another', () => {
  const fleet = new Fleet({ busy: 4, target: 4 }, { busy: 2, target: 2 }, { maxReplicas: 6 });
  expect(fleet.decide()).toEqual({});
  expect(fleet.report('a', { busy: 3, reserved: 1 }).decide()).toEqual({});
  expect(fleet.decide(60_000)).toEqual({});
  // The viewer comes back after a moment.
  expect(fleet.report('a', { busy: 3, reserved: 0 }).decide()).toEqual({});
  expect(fleet.report('a', { busy: 4 }).decide(1_000)).toEqual({});
});

test('engines move from one VPN to another only after a while, and without more engines than wanted meanwhile', () => {
  const fleet = new Fleet({ busy: 4, target: 4 }, { busy: 2, target: 2 }, { maxReplicas: 6 });
  expect(fleet.report('a', { busy: 3 }).decide()).toEqual({});
  expect(fleet.decide(SETTLES_MS)).toEqual({ a: 3, b: 3 });
});

test('engines in place of those of a VPN that is down come at once, and go when it has been healthy for a while', () => {
  const fleet = new Fleet({ target: 2 }, { target: 2 }, { minReplicas: 4 });
  expect(fleet.report('a', { condition: 'down' }).decide()).toEqual({ b: 4 });
  expect(fleet.report('a', { condition: 'healthy' }).decide()).toEqual({});
  expect(fleet.decide(SETTLES_MS)).toEqual({ b: 2 });
});
