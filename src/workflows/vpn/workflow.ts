import { allHandlersFinished, condition, continueAsNew, uuid4, workflowInfo } from '@temporalio/workflow';
import { newIncarnation } from '../../domain/names';
import type { VpnSettings } from '../../domain/settings';
import { WakeTimer, earliest } from '../shared/wake-timer';
import { Changes } from '../shared/changes';
import { historyIsLong } from '../shared/long-history';
import { abandon, Effects } from './act/effects';
import { carriedOver, mayBeCarried, restoredFrom, type Carried } from './carry-over/carried';
import { newVpnData, portExpiry, runningReplacements, type VpnData } from './data';
import { takeDecision } from './decide/take-decision';
import { setHandlers } from './handlers';
import { accept } from './observe/accept';
import { Watch } from './observe/watch';
import { Report, type Reported } from './report/report';
import { VpnState } from './state';

export interface VpnInput extends Reported {
  readonly settings: VpnSettings;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: Carried;
}

/**
 * Keeps one VPN's engines as they should be, for as long as the VPN is configured: observe, decide, act, report. Folders of these names
 * have the parts. When there is nothing to do the workflow sleeps until something changes.
 */
export async function vpn(input: VpnInput): Promise<void> {
  const changes = new Changes();
  const state = new VpnState(firstState(input));
  const watch = new Watch(changes.note);
  const wakeTimer = new WakeTimer(changes.note);
  const effects = new Effects(input.settings.vpn, state, changes.note);
  const report = new Report(state, input, changes.note);
  state.listen({ changed: changes.note, happened: (event, data, now) => report.happened(event, data, now) });
  let isHandingOver = false;
  const handOver = () => {
    isHandingOver = true;
  };
  setHandlers({ state, changes, watch, effects, report, handOver });

  for (;;) {
    // After a turn that awaits something the loop begins again, so that no change is missed.
    const arrived = watch.take(state.data);
    if (arrived) accept(state, arrived.observation, arrived.revision, Date.now());
    if (effects.areDue) {
      const carriedOut = effects.carryOut();
      // In the same workflow task: the effects end in a later one.
      if (!state.data.retired) watch.keep(state.data);
      await carriedOut;
      continue;
    }
    const asked = effects.askSilent();
    if (asked) {
      await asked;
      continue;
    }
    const decision = takeDecision(state, Date.now());
    effects.add(...decision.effects);
    report.follow(Date.now());
    if (effects.areDue) continue;

    if (state.data.retired) {
      watch.stop();
      await end(state);
      return;
    }
    const isTime = historyIsLong(report.isNotifying ? 2 : 1) || (isHandingOver && !report.isNotifying);
    if (isTime && !report.isTellingFleet && mayContinueAsNew(state.data)) {
      watch.stop();
      await effects.handOver();
      await condition(allHandlersFinished);
      const reported = report.handOver(Date.now());
      const { data } = state;
      if (!effects.areDue)
        await continueAsNew<typeof vpn>({ settings: data.settings, carried: carriedOver(data), ...reported });
    }
    effects.keepImage();
    watch.keep(state.data);
    const wakeAt = earliest(decision.wakeAt, effects.askAt, expiryAhead(state.data), watch.dueAt, report.dueAt);
    wakeTimer.set(wakeAt);
    if (!effects.areDue && (wakeAt === null || wakeAt > Date.now())) await changes.next();
  }
}

function firstState({ carried, settings }: VpnInput): VpnData {
  return carried ? restoredFrom(carried) : newVpnData(settings, newIncarnation(Date.now(), uuid4().slice(0, 4)));
}

/** The VPN is not configured any more. */
async function end(state: VpnState): Promise<void> {
  await Promise.all(runningReplacements(state.data).map(({ id }) => abandon(id)));
  // A restart of the VPN that is under way is finished.
  await condition(() => state.data.remedies.running === null && allHandlersFinished());
}

/** When the last port stops being valid, and no engine is listed as forwarded any more (I7); null: it is not about to. */
function expiryAhead(data: VpnData): number | null {
  const expiry = portExpiry(data);
  return expiry !== null && expiry > Date.now() ? expiry : null;
}

function mayContinueAsNew(data: VpnData): boolean {
  const { historyLength: events, historySize: bytes } = workflowInfo();
  return data.remedies.running === null && mayBeCarried(carriedOver(data), { events, bytes });
}
