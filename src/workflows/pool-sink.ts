import { proxySinks, type Sinks } from '@temporalio/workflow';

/**
 * How a VPN's workflow says that what the fleet has to know of it is different now. A sink and not a signal: it leaves no
 * history, and who misses it looks again at AUTOSCALE_INTERVAL_S.
 */
export interface PoolSinks extends Sinks {
  readonly pool: { changed(vpn: string): void };
}

export const { pool } = proxySinks<PoolSinks>();
