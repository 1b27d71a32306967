import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { fleetWorkflowId } from '../../../domain/names';
import type { Instant } from '../../../domain/engine';
import type { PoolState, PoolReport } from '../../../domain/fleet/pool';
import { reportedSignal } from '../../fleet/messages';
import { poolState } from '../pool-state';
import type { VpnData } from '../data';

/** Fewer busy engines are reported only after this time: a viewer who changes the channel ends one stream and begins another. */
const FEWER_BUSY_AFTER_MS = 5_000;

/** What two reports are compared by: all but the target, which the fleet knows, as it has sent it. */
function keyOf(pool: PoolState): string {
  return JSON.stringify({ ...pool, target: null });
}

/** Reports the pool state to the fleet when it changes. Changes while a report is on its way go into the next one. */
export class FleetReport {
  /** A report is on its way. */
  isSending = false;
  /** When to check again whether there are fewer busy engines. It is not moved by further changes: a timer for each would cost more. */
  private laterAt: Instant | null = null;

  /**
   * @param now gives the present state
   * @param reported the last report of this run or of the run before, as `keyOf` gives it; null: none
   * @param changed is called when there may be something to report, or when `dueAt` changes
   */
  constructor(
    private readonly now: () => VpnData,
    public reported: string | null,
    private readonly changed: () => void,
  ) {}

  /** When fewer busy engines may have to be reported; null: no time is set. */
  get dueAt(): Instant | null {
    return this.isSending ? null : this.laterAt;
  }

  /** A new fleet workflow has no report yet. */
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
    const { settings, incarnation } = this.now();
    const report: PoolReport = { vpn: settings.vpn, incarnation, facts: pool };
    try {
      await getExternalWorkflowHandle(fleetWorkflowId(settings.instance)).signal(reportedSignal, report);
    } catch {
      // There is no fleet workflow. When one begins, it asks for the report.
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
