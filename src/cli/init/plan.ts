import type { PortRange } from '../../domain/settings';

/** A VPN that Portward will manage. */
export interface PlannedVpn {
  readonly name: string;
  readonly range: PortRange;
  /** Key of its control server; empty: it asks for none. A secret. */
  readonly key: string;
}

/** Everything that goes into the two files. */
export interface Plan {
  readonly vpns: readonly PlannedVpn[];
  /** Docker networks that Portward has to join to reach the VPNs. */
  readonly networks: readonly string[];
  /** Randomly chosen. A secret. */
  readonly apiKey: string;
  /** The group of Docker's socket; null if it can't be found out. */
  readonly dockerGroup: number | null;
}

/**
 * The default range of the VPN with this index: 19000-19024 as in docker-compose.yml, and 100 higher for each further
 * VPN.
 */
export function defaultRange(index: number): PortRange {
  const first = 19_000 + 100 * index;
  return { first, last: first + 24 };
}
