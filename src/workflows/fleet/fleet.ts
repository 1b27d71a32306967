import { condition, getExternalWorkflowHandle, log, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { Instant } from '../../domain/engine';
import type { FleetSettings, FleetState, Targets } from '../../domain/fleet/fleet';
import { decideFleet } from '../../domain/fleet/plan';
import type { PoolReport } from '../../domain/fleet/pool';
import { vpnWorkflowId } from '../../domain/names';
import { earliest } from '../shared/wake-timer';
import { reportSignal, setTargetSignal } from '../vpn/messages';
import * as members from './members';
import { readDemand } from './message-schemas';
import { DEMAND_IN_MEMO } from './messages';

/** Several reports that come within this time are decided on together. */
const GATHER_MS = 100;
/** VPNs report when their workflows begin. Those that began before this workflow have to be asked. */
const ASK_AFTER_MS = 1_000;
/** The first decision waits for the reports of all VPNs, at most for this time. Without them it would move busy engines. */
const FIRST_DECISION_AFTER_MS = 3_000;

/** One run of the fleet's workflow: what it knows of the VPNs, and when it asks and decides. */
export class Fleet {
  state: FleetState;
  private askAt = Date.now() + ASK_AFTER_MS;
  /** Null: nothing is to be decided. */
  private decideAt: Instant | null;
  /** Numbers of the last demand that came, and of the last one that was decided on: a demand is decided on at once. */
  private demanded = 0;
  private decided = 0;

  /** @param carried state of the run before this one, when the workflow continued as new */
  constructor(settings: FleetSettings, carried: FleetState | undefined) {
    this.state = carried ?? { settings, demand: rememberedDemand(), members: [], wanted: null, waiting: {} };
    this.decideAt = Date.now() + (carried ? 0 : FIRST_DECISION_AFTER_MS);
  }

  /** When there is something to do; null: nothing is known of that yet. */
  get dueAt(): Instant | null {
    if (this.demanded > this.decided) return Date.now();
    return earliest(this.decideAt, members.silent(this.state).length > 0 ? this.askAt : null);
  }

  /** Takes in how many engines somebody wants over all VPNs. @returns the number of this demand, for `untilDecided` */
  demand(engines: number): number {
    log.info(`Asked to scale to ${engines} engines over all VPNs`, { event: 'scale' });
    const { settings } = this.state;
    this.state = { ...this.state, demand: engines <= settings.minReplicas ? null : engines };
    // At once, in the same workflow task: the workflow may be terminated at any time, and the caller relies on the demand.
    rememberDemand(this.state.demand);
    return ++this.demanded;
  }

  /** Resolves when the targets for that demand have been sent. */
  async untilDecided(demand: number): Promise<void> {
    await condition(() => this.decided >= demand);
  }

  configure(settings: FleetSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.state.settings)) return;
    this.state = members.configured(this.state, settings);
    this.decideSoon();
  }

  reported(report: PoolReport): void {
    this.state = members.reported(this.state, report);
    this.decideSoon();
  }

  /** Asks VPNs for a report, and decides, if it is time for that. */
  async act(): Promise<void> {
    if (this.askAt <= Date.now()) await this.ask();
    const isTime = this.decideAt !== null && this.decideAt <= Date.now();
    if (isTime || this.demanded > this.decided) await this.decide();
  }

  private decideSoon(): void {
    const isFirst = this.state.wanted === null;
    if (isFirst && members.silent(this.state).length > 0) return;
    this.decideAt = Math.min(this.decideAt ?? Infinity, Date.now() + GATHER_MS);
  }

  /** Asks VPNs that have not reported. */
  private async ask(): Promise<void> {
    const { instance, autoscaleIntervalMs } = this.state.settings;
    this.askAt = Date.now() + autoscaleIntervalMs;
    await Promise.all(
      members.silent(this.state).map(async (vpn) => {
        try {
          await getExternalWorkflowHandle(vpnWorkflowId(instance, vpn)).signal(reportSignal);
        } catch {
          // Its workflow is not there. It reports when it begins.
        }
      }),
    );
  }

  /** Decides, and sends targets, until every target has been sent to a VPN that is there. */
  private async decide(): Promise<void> {
    for (let missed = true; missed;) {
      const upTo = this.demanded;
      const { wanted, targets, waiting, wakeAt } = decideFleet(this.state, Date.now(), upTo > this.decided);
      this.decideAt = wakeAt;
      this.state = { ...this.state, wanted, waiting };
      const sent = await send(this.state.settings.instance, targets);
      this.state = members.withTargets(this.state, sent);
      missed = Object.values(sent).includes(null);
      if (!missed) this.decided = upTo;
    }
  }
}

/** Sends targets. @returns the targets that were sent, by VPN; null: its workflow is not there, and gets its target when it reports */
async function send(instance: string, targets: Targets): Promise<Record<string, number | null>> {
  const sent = await Promise.all(
    Object.entries(targets).map(async ([vpn, target]) => {
      try {
        await getExternalWorkflowHandle(vpnWorkflowId(instance, vpn)).signal(setTargetSignal, target);
        log.info(`[${vpn}] Target is now ${target} engines`, { event: 'target', vpn });
        return [vpn, target] as const;
      } catch (error) {
        log.warn(`[${vpn}] its workflow can't be told its target of ${target} engines: ${String(error)}`);
        return [vpn, null] as const;
      }
    }),
  );
  return Object.fromEntries(sent);
}

/** The demand from the memo, which a former run of this workflow may have written. */
function rememberedDemand(): number | null {
  return readDemand(workflowInfo().memo?.[DEMAND_IN_MEMO]);
}

/** Writes the demand to the memo if it has changed: each write is a history event. */
function rememberDemand(demand: number | null): void {
  if (rememberedDemand() !== demand) upsertMemo({ [DEMAND_IN_MEMO]: demand });
}
