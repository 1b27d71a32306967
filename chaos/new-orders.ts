import type { StatusOrder, VpnState } from '../simulator/vpn-container';

/** Of what a VPN's control server was told, what was not known yet; it forgets all when its process starts again. */
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
