import type { Instant } from '../../domain/engine';
import type { PortRead, PublicIp } from '../../domain/vpn/observation';
import type { ActivityDeps } from '../deps';
import { StreamCollector } from '../streams/stream-collector';
import { CrashLoop } from './crash-loop';
import { EngineHealth } from './engine-health';
import type { PortFailure } from '../port/port-watch';
import { VpnDoubt } from './vpn-doubt';

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

export function newMemory(vpn: string, deps: ActivityDeps): VpnMemory {
  const { healthCheckIntervalMs: intervalMs, healthFailureThreshold: failureThreshold, startupTimeoutMs } = deps;
  return {
    health: new EngineHealth(deps.engineApi, { intervalMs, failureThreshold, startupTimeoutMs }),
    streams: new StreamCollector(deps.streams(vpn), { vpn, intervalMs: deps.collectIntervalMs, log: deps.log }),
    crashLoop: new CrashLoop(),
    doubt: new VpnDoubt(),
    seenAt: null,
    publicIp: null,
    publicIpRefusal: null,
    confirmedIp: null,
    portRead: null,
    portFailure: null,
    rewordings: 0,
    liveEngines: null,
  };
}

/** Takes in a newer read of the port: another worker may have read it, or this worker may be new. */
export function takePortRead(memory: VpnMemory, portRead: PortRead | null): void {
  // Of several forwarded ports the same one has to be followed.
  if ((portRead?.at ?? 0) <= (memory.portRead?.at ?? 0)) return;
  memory.portRead = portRead;
  // The failure is older than this good read.
  memory.portFailure = null;
}
