import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetActivities, PoolNews } from '../activities/watch-pool';
import type { FleetMember, FleetSettings, FleetState, Targets } from '../domain/fleet';
import { vpnWorkflowId } from '../domain/names';
import { describeFleet } from './fleet-appearance';
import * as messages from './fleet-messages';
import { parseDemand, parseFleetSettings } from './fleet-parse';
import { historyIsLong } from './long-history';
import { setTargetSignal } from './messages';

/** Watching takes up to 10 minutes; it heartbeats, so that a dead watcher is noticed after 10 seconds. */
const { watchPool } = proxyActivities<FleetActivities>({
  startToCloseTimeout: '11 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  // As that of `observe`.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

const RECHECK_SPACING_MS = 1_000;

export interface FleetInput {
  readonly settings: FleetSettings;
  /** Of a former life of this workflow. */
  readonly demand?: number | null;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: FleetState;
}

/**
 * Says to each VPN how many engines it keeps, and nothing else: VPNs make and remove their engines themselves, and go on
 * with what they were told last when this workflow is not there.
 */
export async function fleet(input: FleetInput): Promise<void> {
  const { settings, demand = null } = input;
  let state: FleetState = input.carried ?? { settings, demand, members: [], wanted: null, told: {} };
  /** Raised when a watch that is under way was asked the wrong question. */
  let question = 0;
  let recheckDue: number | null = null;
  let lastRecheck = 0;

  setHandler(messages.fleetStateQuery, () => state);
  setHandler(messages.scaleSignal, (value) => {
    const asked = parseDemand(value);
    if (asked === null) {
      log.warn('signal scale ignored: expected a whole number of engines, 0 or more');
      return;
    }
    const wanted = asked <= state.settings.minReplicas ? null : asked;
    log.info(`Asked to scale to ${asked} engines over all VPNs`, { event: 'scale' });
    if (wanted === state.demand) return;
    state = { ...state, demand: wanted };
    question++;
  });
  setHandler(messages.configureFleetSignal, (value: unknown) => {
    const parsed = parseFleetSettings(value);
    if (parsed?.instance !== state.settings.instance) {
      log.warn("signal configure ignored: not this fleet's settings");
      return;
    }
    if (JSON.stringify(parsed) === JSON.stringify(state.settings)) return;
    const names = new Set(parsed.vpns.map((v) => v.vpn));
    state = {
      ...state,
      settings: parsed,
      members: state.members.filter((m) => names.has(m.vpn)),
      told: Object.fromEntries(Object.entries(state.told).filter(([vpn]) => names.has(vpn))),
    };
    question++;
  });
  setHandler(messages.recheckFleetSignal, () => {
    recheckDue ??= Math.max(Date.now(), lastRecheck + RECHECK_SPACING_MS);
  });

  for (;;) {
    setCurrentDetails(describeFleet(state));
    rememberDemand(state.demand);
    if (historyIsLong()) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof fleet>({ settings: state.settings, carried: state });
    }
    const asked = question;
    const watch = beginWatch(state);
    const over = () => watch.ended || question !== asked || historyIsLong();
    // A hint is for a watch in another process, or a dead one.
    while (!over()) {
      const due = recheckDue;
      if (due !== null && due <= Date.now()) break;
      const woken = () => over() || recheckDue !== due;
      if (due === null) await condition(woken);
      else await condition(woken, due - Date.now());
    }
    if (recheckDue !== null && recheckDue <= Date.now()) {
      lastRecheck = Date.now();
      recheckDue = null;
    }
    watch.scope.cancel();
    const { news } = watch;
    // What it has found is of other settings or another demand than today's.
    if (news === null || question !== asked) continue;
    state = { ...state, members: news.members, wanted: news.wanted };
    const told = await tell(state.settings.instance, news.targets);
    state = { ...state, told, members: news.members.map((m) => withTarget(m, told[m.vpn])) };
  }
}

interface Watching {
  readonly scope: CancellationScope;
  ended: boolean;
  news: PoolNews | null;
}

function beginWatch({ settings, demand, members, told }: FleetState): Watching {
  const watching: Watching = { scope: new CancellationScope(), ended: false, news: null };
  const summary = `${settings.vpns.length} VPNs, ${demand === null ? 'the minimum' : `${demand} engines`} asked for`;
  watching.scope
    .run(() => watchPool.executeWithOptions({ summary }, [{ settings, demand, members, told }]))
    .then(
      (news) => (watching.news = news),
      (error: unknown) => {
        if (!isCancellation(error)) log.warn(`the pool can't be watched: ${String(error)}`);
      },
    )
    .finally(() => (watching.ended = true));
  return watching;
}

/** It keeps what it was told, also when it can't be asked from now on. */
function withTarget(member: FleetMember, target: number | undefined): FleetMember {
  return member.facts && target !== undefined ? { ...member, facts: { ...member.facts, target } } : member;
}

/** @returns what has been told; a VPN without a workflow is told when it has one */
async function tell(instance: string, targets: Targets): Promise<Targets> {
  const told = await Promise.all(
    Object.entries(targets).map(async ([vpn, target]) => {
      try {
        await getExternalWorkflowHandle(vpnWorkflowId(instance, vpn)).signal(setTargetSignal, target);
        log.info(`[${vpn}] Target is now ${target} engines`, { event: 'target', vpn });
        return [[vpn, target] as const];
      } catch (error) {
        log.warn(`[${vpn}] its workflow can't be told its target of ${target} engines: ${String(error)}`);
        return [];
      }
    }),
  );
  return Object.fromEntries(told.flat());
}

/** Writes an event to history, so only when it has changed. */
function rememberDemand(demand: number | null): void {
  const remembered = workflowInfo().memo?.[messages.DEMAND_IN_MEMO] ?? null;
  if (remembered !== demand) upsertMemo({ [messages.DEMAND_IN_MEMO]: demand });
}
