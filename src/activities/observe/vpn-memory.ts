import type { Instant } from '../../domain/engine';
import type { PortRead, PublicIp } from '../../domain/vpn/observation';
import type { StreamCollector } from '../streams/stream-collector';
import type { CrashLoop } from './crash-loop';
import type { EngineHealth } from './engine-health';
import type { PortFailure } from '../port/port-watch';
import type { VpnDoubt } from './vpn-doubt';

/** What is kept of a VPN over the rounds of observing, in this process only: losing it costs a few questions. */
export interface VpnMemory {
  readonly health: EngineHealth;
  readonly streams: StreamCollector;
  readonly crashLoop: CrashLoop;
  readonly doubt: VpnDoubt;
  /** When the last look was that was complete: Docker answered, and the port had been asked for. */
  seenAt: Instant | null;
  /** What was read last; null when that failed. */
  publicIp: string | null;
  /** Why the control server refuses to tell it, as far as that was said; null once it tells. */
  publicIpRefusal: string | null;
  /** What was read twice in a row. */
  confirmedIp: PublicIp | null;
  /** The port that was read last, and when: of several forwarded ones it is kept for as long as it is there. */
  portRead: PortRead | null;
  /** That reads of the port fail; null since the last good one, or since the VPN was not healthy. */
  portFailure: PortFailure | null;
  /** How often it was only told anew why, since the last good read. */
  rewordings: number;
  /** How many engines said that they are connected when the VPN was found unhealthy; null while it is not. */
  liveEngines: number | null;
}
