import { isHealthy, type Observation, type Snapshot } from '../../domain/vpn/observation';
import { hasChanged, isReworded } from '../../domain/vpn/reported';
import { growingPause } from '../../lib/growing-pauses';
import type { EngineHealth } from './engine-health';
import { MadeEngines } from '../docker/made-engines';
import type { ObserveInput } from './messages';
import type { VpnMemory } from './vpn-memory';

/** The first snapshot waits no longer than this for a control server that hangs. */
export const FIRST_PORT_WITHIN_MS = 1_500;
/**
 * Pause before an observation that only gives another reason why the port can't be read or Docker can't be asked. It
 * doubles each time, up to the limit below.
 */
const FIRST_REWORDING_AFTER_MS = 250;
const REWORDING_AFTER_AT_MOST_MS = 30_000;

/** Decides when an observation is returned to the workflow: each one is an event of its history. */
export class Reporting {
  /** Monotonic time, as is the next field. */
  private readonly begun = performance.now();
  /** When Docker first answered. */
  private firstSnapshotAt: number | null = null;
  private readonly made: MadeEngines;

  constructor(
    private readonly input: ObserveInput,
    private readonly memory: Pick<VpnMemory, 'rewordings'> & { readonly health: Pick<EngineHealth, 'lastCheck'> },
  ) {
    this.made = new MadeEngines(input.busy);
  }

  /** Records that Docker has answered. @returns whether for the first time */
  dockerAnswered(): boolean {
    const isFirst = this.firstSnapshotAt === null;
    this.firstSnapshotAt ??= performance.now();
    return isFirst;
  }

  /** @param portIsDoubted the port may change in a moment */
  isDue(observation: Observation, portIsDoubted: boolean): boolean {
    const { lastReported: last, changesOnly, busy } = this.input;
    const hasLost = observation.kind === 'snapshot' && this.made.follow(observation);
    if (observation.kind === 'snapshot' && isHealthy(observation.vpn)) {
      if (portIsDoubted && !this.isOnlyWithheld(observation)) return false;
      if (observation.port.kind === 'pending' && !this.isImpatient()) return false;
      if (this.hasUnasked(observation)) return false;
    }
    if (!changesOnly || hasLost || hasChanged(last, observation, busy)) return true;
    if (!isReworded(last, observation) || !this.mayReword()) return false;
    this.memory.rewordings++;
    return true;
  }

  /** Whether only the withheld engines have changed. Nothing is replaced for that, so it need not wait for the port. */
  private isOnlyWithheld(snapshot: Snapshot): boolean {
    const { lastReported, changesOnly, busy } = this.input;
    if (lastReported?.kind !== 'snapshot' || !changesOnly) return false;
    const { withheld: _, ...others } = snapshot;
    return !hasChanged(
      lastReported,
      lastReported.withheld === undefined ? others : { ...others, withheld: lastReported.withheld },
      busy,
    );
  }

  /**
   * Whether an engine has not been asked yet, in a first snapshot. Engines that are older than their VPN's workflow
   * are listed together: otherwise the first list would be empty or incomplete. The wait is short even on a busy
   * machine, since each question has a deadline.
   */
  private hasUnasked({ vpn, engines }: Snapshot): boolean {
    if (this.input.seenAt !== null || vpn.kind !== 'present') return false;
    const asked = engines.filter((e) => e.running && e.networkOf === vpn.id);
    return asked.some((e) => this.memory.health.lastCheck(e.id) === null);
  }

  private isImpatient(): boolean {
    const { changesOnly, seenAt } = this.input;
    // A snapshot after an observation without Docker counts as a first snapshot, too.
    if (changesOnly && seenAt !== null) return true;
    return performance.now() - (this.firstSnapshotAt ?? Infinity) >= FIRST_PORT_WITHIN_MS;
  }

  /** A control server or Docker may give another reason each time. */
  private mayReword(): boolean {
    const pauseMs = growingPause(FIRST_REWORDING_AFTER_MS, REWORDING_AFTER_AT_MOST_MS, this.memory.rewordings);
    return performance.now() - this.begun >= pauseMs;
  }
}
