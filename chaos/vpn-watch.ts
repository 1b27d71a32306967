import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedVpn, StatusOrder } from '../simulator/vpn-container';
import type { VpnName } from './faults';
import type { GroundTruth } from './ground-truth';
import { NewOrders } from './new-orders';

const ASK_EVERY_MS = 100;

/**
 * Records a VPN's true port by asking the simulated provider, whatever the control server says, and reports the orders that the
 * control server got.
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
        // If Docker or Portward has started the container again, it may have another address.
        await this.vpn.relocate().catch(() => {});
      }
      await sleep(ASK_EVERY_MS);
    }
  }
}
