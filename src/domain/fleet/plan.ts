import type { Instant } from '../engine';
import type { FleetMember, FleetSettings, FleetState, FleetVpn, Targets, Waiting } from './fleet';
import type { PoolCondition } from './pool';

/** How long a change must be planned before it is sent: a viewer who changes the channel ends one stream and starts the next. */
const LASTS_MS = 2_000;

export interface FleetPlan {
  /** Engines wanted over all VPNs that are not down, as far as is known. */
  readonly wanted: number;
  /** For each VPN that answers, unhealthy ones included. */
  readonly targets: Targets;
}

export interface FleetDecision {
  readonly wanted: number;
  /** Only the targets to be sent now. */
  readonly targets: Targets;
  readonly waiting: FleetState['waiting'];
  /** When to decide again; null: not before something changes. */
  readonly wakeAt: Instant | null;
}

/** One VPN while engines are shared out. `least` and `most` bound how many it can get. */
interface Share {
  readonly vpn: string;
  readonly least: number;
  readonly most: number;
  readonly condition: PoolCondition;
  readonly target: number;
  readonly engines: number;
}

/**
 * How many engines each VPN is to keep.
 * - Engines are spread evenly over the VPNs. Each VPN keeps at least its forwarded engine, its busy engines, and the engines that
 *   are brought up for viewers who will come back: none of these can be moved.
 * - A VPN that is down gets the target that it would have if it were healthy, so it has its share as soon as it is back. Until
 *   then its share is given to the others as well.
 * - An unsettled VPN counts as healthy, as it probably will be soon. Otherwise the first VPN that is healthy after a boot of the
 *   host would be given the engines of all.
 */
export function planFleet(settings: FleetSettings, demand: number | null, members: readonly FleetMember[]): FleetPlan {
  const known = new Map(members.map((m) => [m.vpn, m]));
  // Each VPN keeps its forwarded engine, whatever its target.
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
 * Which targets are sent now. Higher targets are sent at once while engines are lacking. A lower target, and a move of engines from
 * one VPN to another, is sent when it has been planned for LASTS_MS.
 * @param atOnce somebody has asked for another number of engines: all targets are sent at once
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

/** The sum of the present targets of all VPNs that are not down. */
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
    // A VPN that does not answer any more keeps its last target. One that has never reported gets its share with its first report.
    least: answers || facts === null ? least : target,
    most: answers || facts === null ? Math.max(capacity, least) : target,
  };
}

/**
 * Gives engines out one by one, each to the VPN with the fewest. Among equals it goes to a VPN that is not down: the engines that
 * replace those of a VPN that is down run already, and are not moved back. Then to the VPN with the higher target, and then to the
 * one with more engines, so that planning again moves nothing.
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
