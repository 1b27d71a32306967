import type { Log } from '../inside/surroundings';
import type { Release } from './messages';

const FILE = '/tmp/gluetun/forwarded_port';

/** Gluetun's log lines about port forwarding (internal/portforward/service), at the same moments. */
export class PortLog {
  constructor(
    private readonly release: Release,
    private readonly log: Log,
  ) {}

  /** Gluetun asks for ports: the tunnel is up, or the former ports could not be kept. */
  starting(): void {
    this.#say('INFO', 'starting');
  }

  /** Somebody stops a VPN that has ports. */
  stopping(): void {
    this.#say('INFO', 'stopping');
  }

  /** The down-command has run, and the VPN has no ports any more. */
  cleared(): void {
    const isOld = this.release === 'legacy' || this.release === 'v3.40.0';
    this.#say('INFO', `${isOld ? 'removing' : 'clearing'} port file ${FILE}`);
  }

  /** The provider gives other ports, which NAT-PMP reports when Gluetun renews a port. */
  changed(before: number[], now: number[]): void {
    this.#say('ERROR', `external port changed: ${before.join(',')} changed to ${now.join(',')}`);
  }

  /** The VPN gets ports; the control server says them a moment later. */
  given(ports: number[]): void {
    if (ports.length === 0) return;
    const [last, ...others] = ports.toReversed();
    const several = `ports forwarded are ${others.toReversed().join(', ')} and ${last}`;
    this.#say('INFO', others.length === 0 ? `port forwarded is ${last}` : several);
    this.#say('INFO', `writing port file ${FILE}`);
  }

  #say(level: string, message: string): void {
    this.log(`${level} [port forwarding] ${message}`);
  }
}
