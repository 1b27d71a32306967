import type { Log } from '../inside/surroundings';
import type { Release } from './messages';

const FILE = '/tmp/gluetun/forwarded_port';

/** What Gluetun writes of its port forwarding (internal/portforward/service), at the moments at which it does. */
export class PortLog {
  constructor(
    private readonly release: Release,
    private readonly log: Log,
  ) {}

  /** The tunnel is up, or the ports could not be kept: others are asked for. */
  starting(): void {
    this.#say('INFO', 'starting');
  }

  /** Somebody stops the VPN that has ports. */
  stopping(): void {
    this.#say('INFO', 'stopping');
  }

  /** The down-command has run, and there are no ports any more. */
  cleared(): void {
    const isOld = this.release === 'legacy' || this.release === 'v3.40.0';
    this.#say('INFO', `${isOld ? 'removing' : 'clearing'} port file ${FILE}`);
  }

  /** The provider gives others, as NAT-PMP tells when a port is to be kept. */
  changed(before: number[], now: number[]): void {
    this.#say('ERROR', `external port changed: ${before.join(',')} changed to ${now.join(',')}`);
  }

  /** The moment before the control server tells them. */
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
