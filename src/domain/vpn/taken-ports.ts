import type { Port } from '../engine';

/** Ports of an engine in its VPN's network on which something else listens. */
export interface TakenPorts {
  readonly ports: readonly Port[];
  /** Who listens, for example `container 'torrent'`; null: not known. */
  readonly by: string | null;
}

/** For example `port 40648 is taken in the network of VPN 'gluetun', by container 'torrent'`. */
export function takenInWords({ ports, by }: TakenPorts, vpn: string): string {
  const [port, ...more] = ports;
  const which = more.length === 0 ? `port ${port} is` : `one of the ports ${ports.join(', ')} is`;
  return `${which} taken in the network of VPN '${vpn}'${by === null ? '' : `, by ${by}`}`;
}

/** Type of an activity's failure because ports are taken. */
export const PORTS_TAKEN = 'PortsTaken';

/** Details of that failure. */
export interface PortsTaken {
  readonly taken: TakenPorts;
  /** The engine had been started already. */
  readonly started: boolean;
}
