import type { DeadTunnel } from './messages';

/** When Gluetun notices a dead tunnel, with its defaults and NAT-PMP. */
const PORT_LOST_AFTER_MS = 157_000;
const UNHEALTHY_AFTER_MS = 178_000;

/** Whether anything passes through the tunnel. Gluetun notices the death of a tunnel late, first by the port and then by its health check. */
export class Tunnel {
  #dead = false;
  #noticed = false;
  #timers: NodeJS.Timeout[] = [];

  get dead(): boolean {
    return this.#dead;
  }

  /** Whether Gluetun's health check fails because of the dead tunnel. */
  get noticedDead(): boolean {
    return this.#noticed;
  }

  /** Nothing passes through the tunnel until `revive`. */
  die({ portLostAfterMs, unhealthyAfterMs }: DeadTunnel, losePort: () => void): void {
    this.revive();
    this.#dead = true;
    this.#timers = [
      setTimeout(losePort, portLostAfterMs ?? PORT_LOST_AFTER_MS).unref(),
      setTimeout(() => (this.#noticed = true), unhealthyAfterMs ?? UNHEALTHY_AFTER_MS).unref(),
    ];
  }

  revive(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#dead = false;
    this.#noticed = false;
  }
}
