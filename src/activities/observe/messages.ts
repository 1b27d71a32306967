import type { ContainerId, Instant } from '../../domain/engine';
import type { PortRead } from '../../domain/vpn/observation';
import type { Busy, LastReported } from '../../domain/vpn/reported';
import type { SampleRecords } from '../../domain/streams/samples';

export interface ObserveInput {
  readonly vpn: string;
  readonly instance: string;
  readonly image: string;
  /** What was last reported to the caller; null: nothing. */
  readonly lastReported: LastReported | null;
  /** Engines of which the caller has the full description. */
  readonly accounted: readonly ContainerId[];
  readonly busy: Busy;
  /** Time of the last complete snapshot that the caller has; null: it has none. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server that the caller has; null: it has none. */
  readonly portRead: PortRead | null;
  /** False: return the first complete snapshot, even if nothing has changed. */
  readonly changesOnly: boolean;
}

/**
 * Details of the activity's heartbeats. The API reads from them when the last checks were made: heartbeats add
 * nothing to the history.
 */
export interface ObserveProgress {
  /** When Docker was asked last, whether or not it answered. */
  readonly checkedAt: Instant;
  /** Time of the last complete snapshot: Docker had answered, and the port had been read. Null before the first. */
  readonly seenAt: Instant | null;
  /** The last good answer of the control server. */
  readonly portRead: PortRead | null;
  /** When each engine was last checked, by its id. */
  readonly checkedEngines: Readonly<Record<string, Instant>>;
  readonly publicIp: string | null;
  /** The last statistics of each stream; absent while there are none. */
  readonly streams?: SampleRecords;
}
