import { pauseUntil } from '../../lib/pause';

/** A workflow that has not taken up its news by then waits for something else. */
const TAKEN_UP_WITHIN_MS = 3_000;

/**
 * Which VPNs have a new port of which their workflows have been told and have not shown that they know: until then a dead engine is
 * listed as forwarded. To start engines can wait for so long; when many ports change at once, it would keep the others from being hidden.
 */
export class PortNews {
  private readonly told = new Map<string, NodeJS.Timeout>();
  private readonly waiting = new Set<() => void>();

  /** The VPN's workflow is told of a new port. */
  tell(vpn: string): void {
    clearTimeout(this.told.get(vpn));
    this.told.set(vpn, setTimeout(() => this.takenUp(vpn), TAKEN_UP_WITHIN_MS).unref());
  }

  /** The VPN's workflow has asked for the next observation. */
  takenUp(vpn: string): void {
    clearTimeout(this.told.get(vpn));
    this.told.delete(vpn);
    if (this.told.size > 0) return;
    for (const go of this.waiting) go();
  }

  /** Resolves when no workflow has such news before it, or after some seconds. */
  async allTakenUp(signal: AbortSignal): Promise<void> {
    if (this.told.size === 0) return;
    const done = new AbortController();
    const go = () => done.abort();
    this.waiting.add(go);
    await pauseUntil(TAKEN_UP_WITHIN_MS, done.signal, signal);
    this.waiting.delete(go);
  }
}
