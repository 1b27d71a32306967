import { allHandlersFinished, makeContinueAsNewFunc, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FleetSettings, FleetState } from '../../domain/fleet/fleet';
import { Changes } from '../shared/changes';
import { historyIsLong } from '../shared/long-history';
import { WakeTimer } from '../shared/wake-timer';
import { describeFleet } from './appearance';
import { Fleet } from './fleet';
import { setHandlers } from './handlers';

export interface FleetInput {
  readonly settings: FleetSettings;
  /** State of the run before this one, when the workflow continued as new. */
  readonly carried?: FleetState;
}

/**
 * Sets how many engines each VPN keeps. VPNs make and remove their engines themselves, and keep their last targets while this workflow
 * is not there.
 */
export async function fleet({ settings, carried }: FleetInput): Promise<void> {
  const changes = new Changes();
  const wakeTimer = new WakeTimer(changes.note);
  const all = new Fleet(settings, carried);
  setHandlers(all, changes);

  for (;;) {
    setCurrentDetails(describeFleet(all.state));
    if (historyIsLong() && allHandlersFinished()) {
      // Without this the next run would have the memo with which this one began.
      const nextRun = makeContinueAsNewFunc<typeof fleet>({ memo: workflowInfo().memo ?? {} });
      await nextRun({ settings: all.state.settings, carried: all.state });
    }
    while ((all.dueAt ?? Infinity) > Date.now()) {
      wakeTimer.set(all.dueAt);
      await changes.next();
    }
    await all.act();
  }
}
