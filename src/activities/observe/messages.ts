import type { ContainerId, Instant } from '../../domain/engine';
import type { Busy, Known, PortRead } from '../../domain/vpn/observation';
import type { SampleRecords } from '../../domain/streams/samples';

export interface ObserveInput {
  readonly vpn: string;
  readonly instance: string;
  readonly image: string;
  /** What the caller knows already. */
  readonly known: Known | null;
  /** Engines that the caller knows whole already. */
  readonly accounted: readonly ContainerId[];
  readonly busy: Busy;
  /** The last look that the caller knows of; null without one. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server that the caller knows of. */
  readonly portRead: PortRead | null;
  /** False: the first complete look is wanted, whatever it shows. */
  readonly newsOnly: boolean;
}

/** In heartbeats, from where the API reads the times of the last checks: they leave no history. */
export interface ObserveProgress {
  /** When Docker was asked last, whether or not it answered. */
  readonly checkedAt: Instant;
  /** When it answered last, and the VPN's port had been asked for; null while that never was. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server. */
  readonly portRead: PortRead | null;
  readonly checkedEngines: Readonly<Record<string, Instant>>;
  readonly publicIp: string | null;
  /** The last statistics of each stream; absent while there are none. */
  readonly streams?: SampleRecords;
}
