import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { FleetSettings, FleetState } from '../domain/fleet';

export const fleetStateQuery = defineQuery<FleetState>('state');

/** How many engines there shall be over all VPNs; as many as the minimum or fewer: no more than the minimum. It holds until the next. */
export const scaleSignal = defineSignal<[unknown]>('scale');
export const configureFleetSignal = defineSignal<[FleetSettings]>('configure');
/** A hint that a VPN may have changed. */
export const recheckFleetSignal = defineSignal('recheck');

/** In the workflow's memo, from where the next one takes it when this one was terminated. */
export const DEMAND_IN_MEMO = 'demand';
