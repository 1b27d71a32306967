import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FleetSettings, FleetState, Scaled } from '../../domain/fleet/fleet';
import type { PoolReport } from '../../domain/fleet/pool';

export const fleetStateQuery = defineQuery<FleetState>('state');

/**
 * How many engines there shall be over all VPNs; as many as the minimum or fewer: no more than the minimum. It holds until the next.
 * Answered when every VPN that is there has been told its part. Without a validator, as all updates (`messages.ts`).
 */
export const scaleUpdate = defineUpdate<Scaled, [number]>('scale');
/** The same by hand, from Temporal's UI or CLI. */
export const scaleSignal = defineSignal<[number]>('scale');
export const configureFleetSignal = defineSignal<[FleetSettings]>('configure');
/** From a VPN's workflow. */
export const reportedSignal = defineSignal<[PoolReport]>('reported');

/** In the workflow's memo, which the next run has from the start, also when this one was terminated. Absent where there is none. */
export const DEMAND_IN_MEMO = 'demand';
