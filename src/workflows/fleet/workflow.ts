import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetSettings, FleetState, Targets } from '../../domain/fleet/fleet';
import { decideFleet } from '../../domain/fleet/plan';
import { vpnWorkflowId } from '../../domain/names';
import { WakeTimer } from '../shared/wake-timer';
import { describeFleet } from './appearance';
import * as members from './members';
import * as messages from './messages';
import { readDemand, readFleetSettings, readPoolReport } from './message-schemas';
import { historyIsLong } from '../shared/long-history';
import { reportSignal, setTargetSignal } from '../vpn/messages';

/** Several reports that come within this time are decided on together. */
const GATHER_MS = 100;
/** VPNs report when their workflows begin. Those that began before this workflow have to be asked. */
const ASK_AFTER_MS = 1_000;
/** The first decision waits for the reports of all VPNs, at most for this time. Without them it would move busy engines. */
const FIRST_DECISION_AFTER_MS = 3_000;

export interface FleetInput {
  readonly settings: FleetSettings;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: FleetState;
}

/**
 * Sets how many engines each VPN keeps. VPNs make and remove their engines themselves, and keep their last targets while this workflow
 * is not there.
 */
export async function fleet(input: FleetInput): Promise<void> {
  const { settings } = input;
  let state: FleetState = input.carried ?? {
    settings,
    demand: rememberedDemand(),
    members: [],
    wanted: null,
    waiting: {},
  };
  const wakeTimer = new WakeTimer();
  /** When to decide; null: nothing is to be decided. */
  let decideAt: number | null = Date.now() + (input.carried ? 0 : FIRST_DECISION_AFTER_MS);
  let askAt = Date.now() + ASK_AFTER_MS;
  /** Numbers of the last demand that came, and of the last one that was decided on: a demand is decided on at once, and answered then. */
  let asked = 0;
  let decided = 0;

  setHandler(messages.fleetStateQuery, () => state);
  setHandler(messages.scaleSignal, (value) => {
    const engines = readDemand(value);
    if (engines === null) log.warn(`signal scale ignored: ${DEMAND_FORM}`);
    else scale(engines);
  });
  setHandler(messages.scaleUpdate, async (value) => {
    const engines = readDemand(value);
    if (engines === null) throw ApplicationFailure.nonRetryable(DEMAND_FORM, 'NoDemand');
    const number = scale(engines);
    await condition(() => decided >= number);
    return { wanted: state.wanted ?? 0, targets: members.targets(state) };
  });
  setHandler(messages.configureFleetSignal, (value: unknown) => {
    const parsed = readFleetSettings(value);
    if (parsed?.instance !== state.settings.instance) {
      log.warn("signal configure ignored: not this fleet's settings");
      return;
    }
    if (JSON.stringify(parsed) === JSON.stringify(state.settings)) return;
    state = members.configured(state, parsed);
    decideSoon();
  });
  setHandler(messages.reportedSignal, (value) => {
    const report = readPoolReport(value);
    if (report === null) log.warn("signal reported ignored: not a VPN's report");
    else state = members.reported(state, report);
    decideSoon();
  });

  function scale(engines: number): number {
    log.info(`Asked to scale to ${engines} engines over all VPNs`, { event: 'scale' });
    state = { ...state, demand: engines <= state.settings.minReplicas ? null : engines };
    // In the workflow task that takes it in: the workflow may be terminated at any time, and the caller relies on the demand.
    rememberDemand(state.demand);
    return ++asked;
  }

  function decideSoon(): void {
    const isFirst = state.wanted === null;
    if (isFirst && members.silent(state).length > 0) return;
    decideAt = Math.min(decideAt ?? Infinity, Date.now() + GATHER_MS);
  }

  /** Decides, and sends targets, until every target has been sent to a VPN that is there. */
  async function decide(): Promise<void> {
    for (let missed = true; missed;) {
      const upTo = asked;
      const { wanted, targets, waiting, wakeAt } = decideFleet(state, Date.now(), upTo > decided);
      decideAt = wakeAt;
      state = { ...state, wanted, waiting };
      const sent = await tell(state.settings.instance, targets);
      state = members.withTargets(state, sent);
      missed = Object.values(sent).includes(null);
      if (!missed) decided = upTo;
    }
  }

  /** Asks VPNs that have not reported for a report. */
  async function ask(): Promise<void> {
    askAt = Date.now() + state.settings.autoscaleIntervalMs;
    await Promise.all(
      members.silent(state).map(async (vpn) => {
        try {
          await getExternalWorkflowHandle(vpnWorkflowId(state.settings.instance, vpn)).signal(reportSignal);
        } catch {
          // Its workflow is not there. It reports when it begins.
        }
      }),
    );
  }

  for (;;) {
    setCurrentDetails(describeFleet(state));
    if (historyIsLong() && allHandlersFinished()) {
      // Without this the next run would have the memo with which this one began.
      const nextRun = makeContinueAsNewFunc<typeof fleet>({ memo: workflowInfo().memo ?? {} });
      await nextRun({ settings: state.settings, carried: state });
    }
    const due = () => Math.min(decideAt ?? Infinity, members.silent(state).length > 0 ? askAt : Infinity);
    const isAsked = () => asked > decided;
    while (!isAsked() && due() > Date.now()) {
      const wakeAt = due() === Infinity ? null : due();
      wakeTimer.set(wakeAt);
      await condition(() => wakeTimer.isOver(wakeAt) || isAsked() || due() !== (wakeAt ?? Infinity));
    }
    if (askAt <= Date.now()) await ask();
    if (isAsked() || (decideAt !== null && decideAt <= Date.now())) await decide();
  }
}

const DEMAND_FORM = 'expected a whole number of engines, 0 or more';

/** Sends targets. @returns the targets that were sent, by VPN; null: its workflow is not there, and gets its target when it reports */
async function tell(instance: string, targets: Targets): Promise<Record<string, number | null>> {
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

/** The demand of a former run of this workflow. */
function rememberedDemand(): number | null {
  return readDemand(workflowInfo().memo?.[messages.DEMAND_IN_MEMO]);
}

/** Only where it has changed, since it writes a history event. */
function rememberDemand(demand: number | null): void {
  if (rememberedDemand() !== demand) upsertMemo({ [messages.DEMAND_IN_MEMO]: demand });
}
