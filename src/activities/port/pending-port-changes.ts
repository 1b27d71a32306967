import { Changes } from '../../lib/changes';

/** A workflow that has not taken in a new port by then is waiting for something else. */
const TAKEN_UP_WITHIN_MS = 3_000;

/**
 * Knows which VPNs have a new port that was reported to their workflow and that it has not taken in yet. Until then a
 * dead engine is listed as forwarded. Starts of engines wait for that: when many ports change at once, starts would
 * delay hiding the old engines.
 */
export class PendingPortChanges {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly changes = new Changes();

  /** A new port is reported to the VPN's workflow. */
  reported(vpn: string): void {
    clearTimeout(this.timers.get(vpn));
    this.timers.set(vpn, setTimeout(() => this.takenUp(vpn), TAKEN_UP_WITHIN_MS).unref());
  }

  /** The VPN's workflow has asked for the next observation, so it has taken in the last one. */
  takenUp(vpn: string): void {
    clearTimeout(this.timers.get(vpn));
    this.timers.delete(vpn);
    this.changes.changed();
  }

  /** Resolves when every reported port has been taken in, or after some seconds. */
  async allTakenUp(signal: AbortSignal): Promise<void> {
    await this.changes.until(() => this.timers.size === 0, TAKEN_UP_WITHIN_MS, signal);
  }
}
