import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ListedEngine } from '../domain/engine';
import type { Replacement } from '../domain/replacement';
import type { VpnSettings } from '../domain/settings';
import type { BreakerKind } from './breaker';
import type { VpnData } from './vpn-data';

/** `version` names one content of the list; a caller that still has it is told so in a few bytes. */
export type EnginesAnswer =
  | { readonly version: string; readonly unchanged: true }
  | { readonly version: string; readonly unchanged: false; readonly engines: ListedEngine[] | null };

export const enginesQuery = defineQuery<EnginesAnswer, [string | null]>('engines');

export interface VpnReport extends VpnData {
  readonly validPort: number | null;
  readonly healthy: boolean;
  /** The port changes so often that replacements are spaced. */
  readonly unstable: boolean;
  readonly breakerStates: Readonly<Record<BreakerKind, 'closed' | 'open' | 'half_open'>>;
}
export const stateQuery = defineQuery<VpnReport>('state');

/** A hint that something may have changed. A signal: nobody waits for an answer, and it never is a fact. */
export const recheckSignal = defineSignal('recheck');
/** Signals, so that a worker that starts can say it while no other one answers. */
export const configureSignal = defineSignal<[VpnSettings]>('configure');
export const retireSignal = defineSignal('retire');

/** Closes circuit breakers by hand: `general` or `replacement`, both if absent. */
export const resetBreakerSignal = defineSignal<[unknown]>('resetBreaker');

/** `engine`: container id or name, the forwarded engine if absent. */
export interface ReplaceRequest {
  readonly engine?: string;
  readonly reason?: string;
  readonly requestId?: string;
}
/** An update, because the caller wants the replacement's id, or the reason why there is none. */
export const replaceEngineUpdate = defineUpdate<Replacement, [ReplaceRequest]>('replaceEngine');
/** The same by hand, from Temporal's UI or CLI, which send signals with whatever someone typed. */
export const replaceEngineSignal = defineSignal<[unknown]>('replaceEngine');

// From a replacement to its VPN. Signals reach the workflow id, so they outlive the VPN's continue-as-new.
export const engineReadySignal = defineSignal<[unknown]>('engineReady');
export const replacementEndedSignal = defineSignal<[unknown]>('replacementEnded');
export const attemptFailedSignal = defineSignal<[unknown]>('attemptFailed');

/** From a VPN to a replacement: the port has moved again, or (null) are you still there. */
export const retargetSignal = defineSignal<[unknown]>('retarget');
/** From a VPN to a replacement: don't try to bring up the engine before then (ms since the epoch; null: try). */
export const holdSignal = defineSignal<[unknown]>('hold');
/** From a VPN to a replacement that nobody waits for any more: let go of the old engine, and make no new one. */
export const abandonSignal = defineSignal('abandon');
