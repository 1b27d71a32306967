import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import type { Changes } from '../shared/changes';
import type { Fleet } from './fleet';
import * as members from './members';
import { readDemand, readFleetSettings, readPoolReport } from './message-schemas';
import * as messages from './messages';

// What arrives at the fleet's workflow: signals, updates and queries.

const DEMAND_FORM = 'expected a whole number of engines, 0 or more';

export function setHandlers(fleet: Fleet, changes: Changes): void {
  setHandler(messages.fleetStateQuery, () => fleet.state);
  setHandler(messages.scaleSignal, (value) => {
    const engines = readDemand(value);
    if (engines === null) log.warn(`signal scale ignored: ${DEMAND_FORM}`);
    else fleet.demand(engines);
    changes.note();
  });
  setHandler(messages.scaleUpdate, async (value) => {
    const engines = readDemand(value);
    if (engines === null) throw ApplicationFailure.nonRetryable(DEMAND_FORM, 'NoDemand');
    const demand = fleet.demand(engines);
    changes.note();
    await fleet.untilDecided(demand);
    return { wanted: fleet.state.wanted ?? 0, targets: members.targets(fleet.state) };
  });
  setHandler(messages.configureFleetSignal, (value) => {
    const settings = readFleetSettings(value);
    if (settings?.instance === fleet.state.settings.instance) fleet.configure(settings);
    else log.warn("signal configure ignored: not this fleet's settings");
    changes.note();
  });
  setHandler(messages.reportedSignal, (value) => {
    const report = readPoolReport(value);
    if (report) fleet.reported(report);
    else log.warn("signal reported ignored: not a VPN's report");
    changes.note();
  });
}
