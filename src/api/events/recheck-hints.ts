import type { VpnSource } from '../../gateways/vpn-source';

/** Passes hints to the watches in this process. A hint says that a VPN's forwarded port may have changed. */
export interface HintTaker {
  /** @param elsewhere called if the VPN has no watch in this process */
  hint(vpn: string, elsewhere: () => void): void;
}

/** A VPN's workflow acts on one hint a second at most. More signals would only lengthen its history. */
const PAUSE_MS = 1_000;

/**
 * Signals hints to the VPNs' workflows, at most one a second for each VPN, because everybody may send hints and each signal lengthens a
 * history. The first hint is signalled at once. Hints within the next second are signalled together at its end.
 */
export class RecheckHints {
  private readonly pauses = new Map<VpnSource, { again: boolean; readonly timer: NodeJS.Timeout }>();

  /** @param lost called when a signal could not be sent */
  constructor(private readonly lost: (vpn: string, error: unknown) => void) {}

  hint(source: VpnSource): void {
    const pause = this.pauses.get(source);
    if (pause) pause.again = true;
    else this.send(source);
  }

  close(): void {
    for (const { timer } of this.pauses.values()) clearTimeout(timer);
    this.pauses.clear();
  }

  private send(source: VpnSource): void {
    const timer = setTimeout(() => this.endPause(source), PAUSE_MS);
    this.pauses.set(source, { again: false, timer });
    source.recheck().catch((error: unknown) => this.lost(source.vpn, error));
  }

  private endPause(source: VpnSource): void {
    const again = this.pauses.get(source)?.again === true;
    this.pauses.delete(source);
    if (again) this.send(source);
  }
}
