import type { Instant } from '../engine';
import type { FleetMember, FleetSettings, FleetState, FleetVpn, Targets, Waiting } from './fleet';
import type { PoolCondition } from './pool';

/** A viewer who changes the channel ends one stream and starts the next. */
const LASTS_MS = 2_000;

export interface FleetPlan {
  /** Engines wanted over all VPNs that are not known to be down. */
  readonly wanted: number;
  /** For each VPN that answers, the unhealthy ones too. */
  readonly targets: Targets;
}

export interface FleetDecision {
  readonly wanted: number;
  /** Only of those that are to be told now. */
  readonly targets: Targets;
  readonly waiting: FleetState['waiting'];
  /** When more is to be decided; null: when something changes. */
  readonly wakeAt: Instant | null;
}

/** One VPN while engines are given out. */
interface Share {
  readonly vpn: string;
  readonly least: number;
  readonly most: number;
  readonly condition: PoolCondition;
  readonly target: number;
  readonly engines: number;
}

/**
 * How many engines each VPN shall keep. They are spread evenly over the VPNs, but an engine with a stream can't be moved, nor
 * one that is brought up for viewers who come back, and each VPN has its forwarded one. One that is down gets what it would have if it were well: it has its share as soon as
 * it is back, and until then the others have it too. An unsettled one will probably be well soon: after the host has
 * booted, the first VPN to be healthy is not given the engines of all.
 */
export function planFleet(settings: FleetSettings, demand: number | null, members: readonly FleetMember[]): FleetPlan {
  const known = new Map(members.map((m) => [m.vpn, m]));
  // Its forwarded engine is kept on each VPN whatever its target is.
  const leastOfEach = settings.minReplicas === 0 ? 0 : 1;
  const all = settings.vpns.map((configured) => memberShare(configured, known.get(configured.vpn), leastOfEach));
  const counted = all.filter((s) => s.condition !== 'down');
  const busy = counted.reduce((sum, s) => sum + s.busy, 0);
  const ceiling = Math.min(settings.maxReplicas, settings.maxActiveReplicas);
  const wanted = Math.min(ceiling, Math.max(settings.minReplicas, demand ?? 0, busy + settings.minFreeReplicas));
  const now = spread(wanted, counted);
  const ifAllWereWell = spread(wanted, all);
  const targets: Record<string, number> = {};
  for (const { vpn, answers, condition } of all) {
    const target = (condition === 'down' ? ifAllWereWell : now).get(vpn);
    if (answers && target !== undefined) targets[vpn] = target;
  }
  return { wanted, targets };
}

/**
 * What VPNs are told now. Where engines are lacking, at once. To keep fewer, or to move engines from one VPN to another, only
 * when that has been so for a while; but what somebody asks for does not come and go.
 * @param atOnce another number has been asked for
 */
export function decideFleet(state: FleetState, now: Instant, atOnce: boolean): FleetDecision {
  const { wanted, targets: planned } = planFleet(state.settings, state.demand, state.members);
  const isShort = wanted > kept(state);
  const targets: Record<string, number> = {};
  const waiting: Record<string, Waiting> = {};
  let wakeAt: Instant | null = null;
  for (const { vpn, facts } of state.members) {
    const target = planned[vpn];
    if (facts === null || target === undefined || target === facts.target) continue;
    const fewer = target < facts.target;
    const before = state.waiting[vpn];
    const since = before?.fewer === fewer ? before.since : now;
    if (atOnce || (isShort && !fewer) || now - since >= LASTS_MS) {
      targets[vpn] = target;
    } else {
      waiting[vpn] = { fewer, since };
      wakeAt = Math.min(wakeAt ?? Infinity, since + LASTS_MS);
    }
  }
  return { wanted, targets, waiting, wakeAt };
}

/** How many engines VPNs that are not down have been told to keep. */
function kept({ settings, members }: FleetState): number {
  const known = new Map(members.map((m) => [m.vpn, m.facts]));
  return settings.vpns.reduce((sum, { vpn, initialTarget }) => {
    const facts = known.get(vpn);
    return facts?.condition === 'down' ? sum : sum + (facts?.target ?? initialTarget);
  }, 0);
}

function memberShare(
  { vpn, capacity, initialTarget }: FleetVpn,
  member: FleetMember | undefined,
  leastOfEach: number,
): Share & { readonly busy: number; readonly answers: boolean } {
  const facts = member?.facts ?? null;
  const answers = member?.answers === true && facts !== null;
  const { condition = 'healthy', busy = 0, reserved = 0, engines = 0, target = initialTarget } = facts ?? {};
  const least = Math.max(leastOfEach, busy + reserved);
  return {
    vpn,
    answers,
    condition,
    busy,
    engines,
    target,
    // Who does not answer any more goes on with what it was told. Who never has will be told its share as soon as it does.
    least: answers || facts === null ? least : target,
    most: answers || facts === null ? Math.max(capacity, least) : target,
  };
}

/**
 * One engine after the other goes to the VPN that has fewest; among equals to the one whose target is higher already, so
 * that engines are not moved for nothing, and what was planned is planned again. What was made up for one that is
 * down is running already: the odd one does not go back from there.
 */
function spread(wanted: number, shares: readonly Share[]): Map<string, number> {
  const given = new Map(shares.map((s) => [s.vpn, s.least]));
  const of = (s: Share) => given.get(s.vpn) ?? 0;
  for (let left = wanted - shares.reduce((sum, s) => sum + s.least, 0); left > 0; left--) {
    const [next] = shares
      .filter((s) => of(s) < s.most)
      .toSorted(
        (a, b) =>
          of(a) - of(b) ||
          Number(b.condition !== 'down') - Number(a.condition !== 'down') ||
          b.target - a.target ||
          b.engines - a.engines,
      );
    if (!next) break;
    given.set(next.vpn, of(next) + 1);
  }
  return given;
}
