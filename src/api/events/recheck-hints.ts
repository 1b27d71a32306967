import type { VpnSource } from '../../gateways/vpn-source';

/** Takes hints to the watches of this process. */
export interface HintTaker {
  /** @param elsewhere what to do with a hint for a VPN that is not watched here */
  hint(vpn: string, elsewhere: () => void): void;
}

/** What the VPN's workflow acts on at most; every signal more would only lengthen its history. */
const SPACING_MS = 1_000;

/**
 * Passes hints on to the VPNs' workflows, since anyone may send them and each costs history: at once when there was
 * none lately, else one at the end of the second for all that came in it.
 */
export class RecheckHints {
  private readonly spacing = new Map<VpnSource, { again: boolean; readonly timer: NodeJS.Timeout }>();

  constructor(private readonly lost: (vpn: string, error: unknown) => void) {}

  hint(source: VpnSource): void {
    const waiting = this.spacing.get(source);
    if (waiting) waiting.again = true;
    else this.send(source);
  }

  close(): void {
    for (const { timer } of this.spacing.values()) clearTimeout(timer);
    this.spacing.clear();
  }

  private send(source: VpnSource): void {
    const timer = setTimeout(() => this.spaced(source), SPACING_MS);
    this.spacing.set(source, { again: false, timer });
    source.recheck().catch((error: unknown) => this.lost(source.vpn, error));
  }

  private spaced(source: VpnSource): void {
    const again = this.spacing.get(source)?.again === true;
    this.spacing.delete(source);
    if (again) this.send(source);
  }
}
