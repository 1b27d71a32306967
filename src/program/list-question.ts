import type { Client } from '@temporalio/client';
import { TemporalVpnSource, type TemporalVpnSourceOptions } from '../api/vpn-source';

/** Whether an API that asks for the VPN's list now gets one. If not it shows its last one. */
export async function isListAnswered(client: Client, options: TemporalVpnSourceOptions): Promise<boolean> {
  try {
    await new TemporalVpnSource(client, options).engines(null);
    return true;
  } catch {
    return false;
  }
}
