import { isHealthy, isNews, isReworded, type Observation, type Sight } from '../../domain/vpn/observation';
import type { EngineHealth } from './engine-health';
import { MadeEngines } from '../docker/made-engines';
import type { ObserveInput } from './messages';
import type { VpnMemory } from './vpn-memory';

/** A first look does not wait longer than this for a control server that hangs. */
export const FIRST_PORT_WITHIN_MS = 1_500;
/** Twice as long each time, between two observations that only say anew why the port can't be read, or Docker not asked. */
const FIRST_REWORDING_AFTER_MS = 250;
const REWORDING_AFTER_AT_MOST_MS = 30_000;

/** Whether what is seen is to be told now: each observation is an event of a history. */
export class Telling {
  /** On monotonic time. So is the next. */
  private readonly begun = performance.now();
  /** When Docker first answered. */
  private firstLookAt: number | null = null;
  private readonly made: MadeEngines;

  constructor(
    private readonly input: ObserveInput,
    private readonly memory: Pick<VpnMemory, 'rewordings'> & { readonly health: Pick<EngineHealth, 'lastCheck'> },
  ) {
    this.made = new MadeEngines(input.busy);
  }

  /** Docker has answered. @returns whether for the first time */
  hasBegun(): boolean {
    const isFirst = this.firstLookAt === null;
    this.firstLookAt ??= performance.now();
    return isFirst;
  }

  /** @param portIsDoubted it may be another one in a moment */
  isDue(observation: Observation, portIsDoubted: boolean): boolean {
    const { known, newsOnly, busy } = this.input;
    const hasLost = observation.kind === 'sight' && this.made.follow(observation);
    if (observation.kind === 'sight' && isHealthy(observation.vpn)) {
      if (portIsDoubted && !this.isOnlyWithheld(observation)) return false;
      if (observation.port.kind === 'pending' && !this.isImpatient()) return false;
      if (this.hasUnasked(observation)) return false;
    }
    if (!newsOnly || hasLost || isNews(known, observation, busy)) return true;
    if (!isReworded(known, observation) || !this.mayReword()) return false;
    this.memory.rewordings++;
    return true;
  }

  /** Nothing is replaced for that, so it need not wait for the port. */
  private isOnlyWithheld(sight: Sight): boolean {
    const { known, newsOnly, busy } = this.input;
    if (known?.kind !== 'sight' || !newsOnly) return false;
    const { withheld: _, ...others } = sight;
    return !isNews(known, known.withheld === undefined ? others : { ...others, withheld: known.withheld }, busy);
  }

  /**
   * Engines that were there before their VPN's workflow are listed together: without this the list would begin empty, or with some of them.
   * A busy machine changes nothing about that: each question has a deadline of its own.
   */
  private hasUnasked({ vpn, engines }: Sight): boolean {
    if (this.input.seenAt !== null || vpn.kind !== 'present') return false;
    const asked = engines.filter((e) => e.running && e.networkOf === vpn.id);
    return asked.some((e) => this.memory.health.lastCheck(e.id) === null);
  }

  private isImpatient(): boolean {
    const { newsOnly, seenAt } = this.input;
    // What follows the first look of all, in which Docker was away, is a first look too.
    if (newsOnly && seenAt !== null) return true;
    return performance.now() - (this.firstLookAt ?? Infinity) >= FIRST_PORT_WITHIN_MS;
  }

  /** A control server, and Docker, may fail in another way each time. */
  private mayReword(): boolean {
    const pauseMs = Math.min(FIRST_REWORDING_AFTER_MS * 2 ** this.memory.rewordings, REWORDING_AFTER_AT_MOST_MS);
    return performance.now() - this.begun >= pauseMs;
  }
}
