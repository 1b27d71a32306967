import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FleetSettings, FleetState, Scaled } from '../../domain/fleet/fleet';
import type { PoolReport } from '../../domain/fleet/pool';

export const fleetStateQuery = defineQuery<FleetState>('state');

/**
 * The demand: how many engines there are to be over all VPNs. A number up to MIN_REPLICAS ends the demand. It holds until the next one.
 * Answered when the targets that follow from it have been sent. Without a validator, like all updates: see `../vpn/messages.ts`.
 */
export const scaleUpdate = defineUpdate<Scaled, [number]>('scale');
/** The same by hand, from Temporal's UI or CLI. */
export const scaleSignal = defineSignal<[number]>('scale');
export const configureFleetSignal = defineSignal<[FleetSettings]>('configure');
/** From a VPN's workflow. */
export const reportedSignal = defineSignal<[PoolReport]>('reported');

/** Name of the demand in the workflow's memo. The next run has the memo from the start, also after a termination. Absent: no demand. */
export const DEMAND_IN_MEMO = 'demand';
