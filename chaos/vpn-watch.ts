import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedVpn, StatusOrder } from '../simulator/vpn-container';
import type { VpnName } from './faults';
import type { GroundTruth } from './ground-truth';

const ASK_EVERY_MS = 100;

/**
 * Asks the simulated provider itself, whatever its control server says and whoever changes the port; and tells what the control
 * server was told to do.
 */
export class VpnWatch {
  private readonly watching: Promise<void>;
  private stopping = false;
  /** Of the process that has begun then. */
  private heard = { startedAt: 0, orders: 0 };

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
        const { port, startedAt, orders } = await this.vpn.state();
        this.truth.sawPort(this.name, port, asked);
        this.hear(startedAt, orders);
      } catch {
        // Restarting, or gone: there is no port.
        this.truth.sawPort(this.name, 0, Date.now());
        // It may be elsewhere since somebody else has started it again.
        await this.vpn.relocate().catch(() => {});
      }
      await sleep(ASK_EVERY_MS);
    }
  }

  private hear(startedAt: number, orders: readonly StatusOrder[]): void {
    const known = this.heard.startedAt === startedAt ? this.heard.orders : 0;
    for (const order of orders.slice(known)) this.ordered(order);
    this.heard = { startedAt, orders: orders.length };
  }
}
