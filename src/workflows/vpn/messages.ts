import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ContainerId, Instant } from '../../domain/engine';
import type { ListsView } from '../../domain/vpn/listing';
import type { EventLog } from '../../domain/event-log';
import type {
  AttemptFailed,
  EngineLeft,
  EngineMade,
  EngineReady,
  LeaveAsked,
  Replacement,
  ReplacementEnded,
  Target,
} from '../../domain/replacement';
import type { VpnSettings } from '../../domain/settings';
import type { StreamEvent } from '../../domain/streams/stream';
import type { BreakerKind } from '../../domain/vpn/breaker';
import type { VpnStatusView } from '../../domain/vpn/status-view';
import type { VpnData } from './data';

// The types are those that senders have to keep to. What arrives is checked all the same: see `message-schemas.ts`.

/** Said by a query that has to be sent again: see `ahead-of-history.ts`. */
export const ASK_AGAIN = 'the workflow has news that none of its tasks has taken up yet: ask again';

/** Engines and streams at one instant. Asked with the versions that the caller has. */
export const listsQuery = defineQuery<ListsView, [{ engines: string | null; streams: string | null }]>('lists');

export const eventLogQuery = defineQuery<EventLog>('news');

/** All that is shown of the VPN but its lists. Who asks may be of another build: what is added here has to be optional there. */
export const statusQuery = defineQuery<VpnStatusView>('status');
/** All that the workflow remembers, for people who look into it in Temporal's UI. */
export const memoryQuery = defineQuery<VpnData>('memory');

/** A hint that something may have changed. A signal: nobody waits for an answer, and it never is a fact. */
export const recheckSignal = defineSignal('recheck');
/**
 * Signals, so that a worker that starts can say it while no other one answers. `start` names that start: said again, it is the same
 * worker. Without one it is a worker that nobody knows.
 */
export const configureSignal = defineSignal<[VpnSettings, start?: string]>('configure');
export const retireSignal = defineSignal('retire');
/** From a worker that stops: continue as new, so that the next one has a short history to replay. */
export const handOverSignal = defineSignal('handOver');

/** Closes circuit breakers by hand: `general` or `replacement`, both if absent. */
export const resetBreakerSignal = defineSignal<[kind?: BreakerKind | null]>('resetBreaker');

/** `engine`: container id or name, the forwarded engine if absent. */
export interface ReplaceRequest {
  readonly engine?: string;
  readonly reason?: string;
  readonly requestId?: string;
}
/**
 * An update, because the caller wants the replacement's id, or the reason why there is none. No update has a validator: of one that is
 * refused by it no history tells, but the workflow task that it came with may stay in the history. The SDK (1.24) replays such a task
 * together with the one before, whose time is then a later one than it was: the two come to different commands, and the workflow is
 * stuck for good. What is refused by the handler is in the history.
 */
export const replaceEngineUpdate = defineUpdate<Replacement, [ReplaceRequest]>('replaceEngine');
/** The same by hand, from Temporal's UI or CLI, which send signals with whatever someone typed. */
export const replaceEngineSignal = defineSignal<[request?: ReplaceRequest]>('replaceEngine');

/** Removes an engine for good: a plain one is made up for only if fewer than wanted are left, a forwarded one always is. */
export const removeEngineUpdate = defineUpdate<Replacement, [{ readonly engine: string }]>('removeEngine');

/** An engine beyond those that are kept anyway. It stays until it has been idle for the grace period. */
export interface ProvisionRequest {
  readonly requestId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Environment by name, sealed (see `src/secrets/seal.ts`): it may hold secrets, and this is kept in histories. Null: none. */
  readonly sealedEnv: string | null;
  /** The HTTP port that it shall have; null: any. */
  readonly httpPort: number | null;
}
/** Answers with the replacement that brings it up, which has `made` once there is a container. */
export const provisionEngineUpdate = defineUpdate<Replacement, [ProvisionRequest]>('provisionEngine');

/** From the API and from the worker that looks after streams: the oldest first. */
export const streamsSignal = defineSignal<[readonly StreamEvent[]]>('streams');

/** From the fleet: how many engines this VPN keeps, the forwarded one among them. It holds until another one comes. */
export const setTargetSignal = defineSignal<[number]>('setTarget');
/** From a fleet that knows nothing of this VPN: report. */
export const reportSignal = defineSignal('report');
/** Removes idle engines beyond the target now, without waiting for the grace period. */
export const collectGarbageSignal = defineSignal('collectGarbage');

// From a replacement to its VPN. Signals reach the workflow id, so they outlive the VPN's continue-as-new.
export const engineMadeSignal = defineSignal<[EngineMade]>('engineMade');
export const engineReadySignal = defineSignal<[EngineReady]>('engineReady');
export const replacementEndedSignal = defineSignal<[ReplacementEnded]>('replacementEnded');
/** A container that can't be removed; the VPN has another replacement try on, slowly. */
export const engineLeftSignal = defineSignal<[EngineLeft]>('engineLeft');
/** It is about to stop an engine that nobody has to lose a stream for: `leaveSignal` answers when that has none. */
export const leaveAskedSignal = defineSignal<[LeaveAsked]>('leaveAsked');
export const attemptFailedSignal = defineSignal<[AttemptFailed]>('attemptFailed');

/** From a VPN to a replacement: the port has moved again, or (null) are you still there. */
export const retargetSignal = defineSignal<[Target | null]>('retarget');
/** From a VPN to a replacement: don't try to bring up the engine before then (ms since the epoch; null: try). */
export const holdSignal = defineSignal<[Instant | null]>('hold');
/** From a VPN to a replacement: on these of its old engines (ids) there are streams now. */
export const drainingSignal = defineSignal<[readonly ContainerId[]]>('draining');
/** From a VPN to a replacement: these of its old engines (ids) have no stream, and get none any more. */
export const leaveSignal = defineSignal<[readonly ContainerId[]]>('leave');
/** From a VPN to a replacement that nobody waits for any more: release the old engine, and make no new one. */
export const abandonSignal = defineSignal('abandon');
