import type { FleetMember, FleetSettings, FleetState, Targets } from '../../domain/fleet/fleet';
import type { PoolReport } from '../../domain/fleet/pool';

// What the fleet knows of its VPNs, and the changes of that.

/** VPNs that have not reported, or to which no target could be sent. */
export function silent({ settings, members }: FleetState): string[] {
  const answering = new Set(members.filter((m) => m.answers).map((m) => m.vpn));
  return settings.vpns.map(({ vpn }) => vpn).filter((vpn) => !answering.has(vpn));
}

/** With a VPN's report. A report of a VPN that is not configured is ignored. */
export function reported(state: FleetState, { vpn, incarnation, facts }: PoolReport): FleetState {
  if (!state.settings.vpns.some((v) => v.vpn === vpn)) return state;
  const before = state.members.find((m) => m.vpn === vpn);
  // The VPN may have sent this before the fleet's last target arrived.
  const target = before?.incarnation === incarnation ? (before.facts?.target ?? facts.target) : facts.target;
  const member: FleetMember = { vpn, incarnation, facts: { ...facts, target }, answers: true };
  return { ...state, members: [...state.members.filter((m) => m.vpn !== vpn), member] };
}

/** With the targets that were sent to VPNs. @param sent by the VPN's name; null: its workflow is not there */
export function withTargets(state: FleetState, sent: Readonly<Record<string, number | null>>): FleetState {
  const members = state.members.map((member): FleetMember => {
    const target = sent[member.vpn];
    if (target === undefined || member.facts === null) return member;
    if (target === null) return { ...member, answers: false };
    return { ...member, facts: { ...member.facts, target } };
  });
  return { ...state, members };
}

export function configured(state: FleetState, settings: FleetSettings): FleetState {
  const names = new Set(settings.vpns.map((v) => v.vpn));
  return { ...state, settings, members: state.members.filter((m) => names.has(m.vpn)) };
}

export function targets({ members }: FleetState): Targets {
  return Object.fromEntries(members.flatMap(({ vpn, facts }) => (facts ? [[vpn, facts.target]] : [])));
}
