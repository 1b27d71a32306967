import type { Instant } from '../../domain/engine';
import type { PortRead, PublicIp } from '../../domain/vpn/observation';
import type { StreamCollector } from '../streams/stream-collector';
import type { CrashLoop } from './crash-loop';
import type { EngineHealth } from './engine-health';
import type { PortFailure } from '../port/port-watch';
import type { VpnDoubt } from './vpn-doubt';

/** What this process keeps of a VPN from one observation to the next. Losing it costs a few questions. */
export interface VpnMemory {
  readonly health: EngineHealth;
  readonly streams: StreamCollector;
  readonly crashLoop: CrashLoop;
  readonly doubt: VpnDoubt;
  /** Time of the last complete snapshot: Docker had answered, and the port had been read. */
  seenAt: Instant | null;
  /** The address that was read last; null if that read failed. */
  publicIp: string | null;
  /** The logged reason why the control server refuses to tell the address; null once it tells it. */
  publicIpRefusal: string | null;
  /** The last address that was read twice in a row. */
  confirmedIp: PublicIp | null;
  /** The port that was read last, and when. Of several forwarded ports it is followed for as long as it exists. */
  portRead: PortRead | null;
  /** Why reads of the port fail; null since the last good read, or since the VPN was unhealthy. */
  portFailure: PortFailure | null;
  /** Number of observations since the last good read that gave only another reason for a failure. */
  rewordings: number;
  /** How many engines said that they are connected when the VPN was found unhealthy; null while it is not. */
  liveEngines: number | null;
}
