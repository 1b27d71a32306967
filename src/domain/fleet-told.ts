import type { FleetState } from './fleet';
import { planFleet } from './fleet-plan';

/** Whether every VPN that answers has been told what the fleet's plan has for it, with the demand as it is now. */
export function isTold({ settings, demand, members }: FleetState): boolean {
  // Nobody has looked at them yet.
  if (members.length < settings.vpns.length) return false;
  const { targets } = planFleet(settings, demand, members);
  return members.every(({ vpn, facts }) => targets[vpn] === undefined || targets[vpn] === facts?.target);
}
