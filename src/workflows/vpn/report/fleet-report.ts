import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { fleetWorkflowId } from '../../../domain/names';
import type { Instant } from '../../../domain/engine';
import type { PoolState, PoolReport } from '../../../domain/fleet/pool';
import { reportedSignal } from '../../fleet/messages';
import { poolState } from '../pool-state';
import type { VpnData } from '../data';

/** A viewer who changes the channel ends one stream and begins another: that is nothing that the fleet plans by. */
const FEWER_BUSY_AFTER_MS = 5_000;

/** The fleet knows the target: it has told it. */
function keyOf(pool: PoolState): string {
  return JSON.stringify({ ...pool, target: null });
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
    const pool = this.poolState();
    if (pool === null || keyOf(pool) === this.reported) return;
    if (!isLater && this.hasOnlyFewerBusy(pool)) {
      this.laterAt ??= now + FEWER_BUSY_AFTER_MS;
      return;
    }
    this.reported = keyOf(pool);
    this.isSending = true;
    void this.send(pool);
  }

  private async send(pool: PoolState): Promise<void> {
    const { settings, lineage } = this.now();
    const report: PoolReport = { vpn: settings.vpn, lineage, facts: pool };
    try {
      await getExternalWorkflowHandle(fleetWorkflowId(settings.instance)).signal(reportedSignal, report);
    } catch {
      // There is none. The next one asks.
    }
    this.isSending = false;
    this.changed();
  }

  private hasOnlyFewerBusy(pool: PoolState): boolean {
    if (this.reported === null) return false;
    const { busy } = JSON.parse(this.reported) as PoolState;
    return pool.busy < busy && keyOf({ ...pool, busy }) === this.reported;
  }

  private poolState(): PoolState | null {
    return poolState(this.now(), Date.now());
  }
}
