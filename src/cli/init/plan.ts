import type { PortRange } from '../../domain/settings';

/** A VPN as it is to be looked after. */
export interface PlannedVpn {
  readonly name: string;
  readonly range: PortRange;
  /** Empty: its control server asks for none. A secret. */
  readonly key: string;
}

/** All that goes into the files. */
export interface Plan {
  readonly vpns: readonly PlannedVpn[];
  /** Those that Portward has to be in, to reach the VPNs. */
  readonly networks: readonly string[];
  /** Made up here. A secret. */
  readonly apiKey: string;
  /** The group of Docker's socket; null where it can't be told. */
  readonly dockerGroup: number | null;
}

/** As docker-compose.yml has it for the first VPN; each further one has its own hundred. */
export function defaultRange(index: number): PortRange {
  const first = 19_000 + 100 * index;
  return { first, last: first + 24 };
}
