import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { fleetWorkflowId } from '../../../domain/names';
import type { Instant } from '../../../domain/engine';
import type { PoolFacts, PoolReport } from '../../../domain/fleet/pool';
import { reportedSignal } from '../../fleet/messages';
import { poolFacts } from '../pool-facts';
import type { VpnData } from '../data';

/** A viewer who changes the channel ends one stream and begins another: that is nothing that the fleet plans by. */
const FEWER_BUSY_AFTER_MS = 5_000;

/** The fleet knows the target: it has told it. */
function keyOf(facts: PoolFacts): string {
  return JSON.stringify({ ...facts, target: null });
}

/** Keeps the fleet informed of what it plans by. What changes while one report is on its way is gathered for the next. */
export class FleetReport {
  /** A report is on its way. */
  isSending = false;
  /** When it is looked again whether there are fewer busy engines. It stays set until then: a timer for each change would cost more. */
  private laterAt: Instant | null = null;

  /**
   * @param now gives the present state
   * @param reported last, by this run of the workflow or the one before; null: nothing
   * @param changed is called when there may be something to report, or when `dueAt` changes
   */
  constructor(
    private readonly now: () => VpnData,
    public reported: string | null,
    private readonly changed: () => void,
  ) {}

  /** When there may be something to report that has been so for a while; null: no time is set. */
  get dueAt(): Instant | null {
    return this.isSending ? null : this.laterAt;
  }

  /** The fleet is another one. */
  forget(): void {
    this.reported = null;
    this.changed();
  }

  keep(): void {
    if (this.isSending) return;
    const now = Date.now();
    const isLater = this.laterAt !== null && now >= this.laterAt;
    if (isLater) this.laterAt = null;
    const facts = this.facts();
    if (facts === null || keyOf(facts) === this.reported) return;
    if (!isLater && this.hasOnlyFewerBusy(facts)) {
      this.laterAt ??= now + FEWER_BUSY_AFTER_MS;
      return;
    }
    this.reported = keyOf(facts);
    this.isSending = true;
    void this.send(facts);
  }

  private async send(facts: PoolFacts): Promise<void> {
    const { settings, lineage } = this.now();
    const report: PoolReport = { vpn: settings.vpn, lineage, facts };
    try {
      await getExternalWorkflowHandle(fleetWorkflowId(settings.instance)).signal(reportedSignal, report);
    } catch {
      // There is none. The next one asks.
    }
    this.isSending = false;
    this.changed();
  }

  private hasOnlyFewerBusy(facts: PoolFacts): boolean {
    if (this.reported === null) return false;
    const { busy } = JSON.parse(this.reported) as PoolFacts;
    return facts.busy < busy && keyOf({ ...facts, busy }) === this.reported;
  }

  private facts(): PoolFacts | null {
    return poolFacts(this.now(), Date.now());
  }
}
