import type { StatusOrder, VpnState } from '../simulator/vpn-container';

/** Finds the new ones among a control server's orders. The control server forgets its orders when its process starts again. */
export class NewOrders {
  private startedAt = 0;
  private known = 0;

  in({ startedAt, orders }: Pick<VpnState, 'startedAt' | 'orders'>): readonly StatusOrder[] {
    const fresh = orders.slice(startedAt === this.startedAt ? this.known : 0);
    this.startedAt = startedAt;
    this.known = orders.length;
    return fresh;
  }
}
