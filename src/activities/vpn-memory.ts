import type { EngineHealth } from './engine-health';

/** What is kept of a VPN over the rounds of observing, in this process only: losing it costs a few questions. */
export interface VpnMemory {
  readonly health: EngineHealth;
  publicIp: string | null;
}
