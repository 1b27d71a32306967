import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedVpn } from '../simulator/vpn-container';
import type { VpnName } from './faults';
import type { GroundTruth } from './ground-truth';

const ASK_EVERY_MS = 100;

/** Asks the simulated provider itself, whatever its control server says and whoever changes the port. */
export class PortWatch {
  private readonly watching: Promise<void>;
  private stopping = false;

  constructor(
    private readonly name: VpnName,
    private readonly vpn: SimulatedVpn,
    private readonly truth: GroundTruth,
  ) {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.stopping) {
      const asked = Date.now();
      try {
        const { port } = await this.vpn.state();
        this.truth.sawPort(this.name, port, asked);
      } catch {
        // Restarting, or gone: there is no port.
        this.truth.sawPort(this.name, 0, Date.now());
        // It may be elsewhere since somebody else has started it again.
        await this.vpn.relocate().catch(() => {});
      }
      await sleep(ASK_EVERY_MS);
    }
  }
}
