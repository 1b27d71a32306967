import type { Port } from '../engine';

/** Ports in a VPN's network on which something else listens than the engine that was to have them. */
export interface TakenPorts {
  readonly ports: readonly Port[];
  /** In words, for example `container 'torrent'`; null where nothing is known of it. */
  readonly by: string | null;
}

/** For example `port 40648 is taken in the network of VPN 'gluetun', by container 'torrent'`. */
export function takenInWords({ ports, by }: TakenPorts, vpn: string): string {
  const [port, ...more] = ports;
  const which = more.length === 0 ? `port ${port} is` : `one of the ports ${ports.join(', ')} is`;
  return `${which} taken in the network of VPN '${vpn}'${by === null ? '' : `, by ${by}`}`;
}

/** Type of the failure of an activity that finds them so. */
export const PORTS_TAKEN = 'PortsTaken';

/** What that failure holds. */
export interface PortsTaken {
  readonly taken: TakenPorts;
  /** The engine has run, and was not only about to. */
  readonly started: boolean;
}
