import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedVpn, StatusOrder } from '../simulator/vpn-container';
import type { VpnName } from './faults';
import type { GroundTruth } from './ground-truth';
import { NewOrders } from './new-orders';

const ASK_EVERY_MS = 100;

/**
 * Asks the simulated provider itself, whatever its control server says and whoever changes the port; and tells what the control
 * server was told to do.
 */
export class VpnWatch {
  private readonly watching: Promise<void>;
  private stopping = false;
  private readonly orders = new NewOrders();

  constructor(
    private readonly name: VpnName,
    private readonly vpn: SimulatedVpn,
    private readonly truth: GroundTruth,
    private readonly ordered: (order: StatusOrder) => void,
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
        const state = await this.vpn.state();
        this.truth.sawPort(this.name, state.port, asked);
        for (const order of this.orders.in(state)) this.ordered(order);
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
