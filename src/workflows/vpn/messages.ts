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

// Senders have to keep to these types. What arrives is checked all the same: see `message-schemas.ts`.

/** Error of a query that has to be sent again: see `ahead-of-history.ts`. */
export const ASK_AGAIN = 'the workflow has news that none of its tasks has taken up yet: ask again';

/** Engines and streams at one instant. The argument has the versions that the caller has already; null: none. */
export const listsQuery = defineQuery<ListsView, [{ engines: string | null; streams: string | null }]>('lists');

/** The latest events. */
export const eventLogQuery = defineQuery<EventLog>('eventLog');

/**
 * All that is shown of the VPN except its lists. The caller may be of another build. So a field that is added must be optional for it,
 * and a change of another kind needs another name of the query, which a workflow of another build refuses.
 */
export const statusQuery = defineQuery<VpnStatusView>('statusView');

/** The whole state, for people who read it in the Temporal UI. */
export const memoryQuery = defineQuery<VpnData>('memory');

/** A hint that something may have changed. It only has Portward observe now. A signal, since nobody waits for an answer. */
export const recheckSignal = defineSignal('recheck');
/**
 * From a worker that starts: the settings. A signal, since no worker answers yet. `start` names the start of the worker, which may send
 * this more than once; absent: every `configure` counts as one from another worker.
 */
export const configureSignal = defineSignal<[VpnSettings, start?: string]>('configure');
/** The VPN is not configured any more. */
export const retireSignal = defineSignal('retire');
/** From a worker that stops: continue as new, so that the next worker has a short history to replay. */
export const handOverSignal = defineSignal('handOver');

/** Closes circuit breakers by hand: `general` or `replacement`, both if absent. */
export const resetBreakerSignal = defineSignal<[kind?: BreakerKind | null]>('resetBreaker');

/** `engine`: container id or name; absent: the forwarded engine. */
export interface ReplaceRequest {
  readonly engine?: string;
  readonly reason?: string;
  readonly requestId?: string;
}
/**
 * An update, because the caller needs the replacement's id, or the reason why there is none.
 *
 * No update has a validator. An update that a validator refuses is not in the history, while the workflow task that it came with may be.
 * The SDK (1.24) replays such a task together with the task before, which then has a later time than it had: the replay comes to other
 * commands, and the workflow is stuck for good. What a handler refuses is in the history.
 */
export const replaceEngineUpdate = defineUpdate<Replacement, [ReplaceRequest]>('replaceEngine');
/** The same by hand, from Temporal's UI or CLI: a signal, with whatever somebody typed. */
export const replaceEngineSignal = defineSignal<[request?: ReplaceRequest]>('replaceEngine');

/** Removes an engine. A forwarded engine always gets a successor, a plain one only if fewer than wanted are left. */
export const removeEngineUpdate = defineUpdate<Replacement, [{ readonly engine: string }]>('removeEngine');

/** Asks for one engine more than are kept anyway. It stays until it has been idle for the grace period. */
export interface ProvisionRequest {
  readonly requestId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Environment by name, sealed (see `src/secrets/seal.ts`), since it may hold secrets and histories keep it. Null: none. */
  readonly sealedEnv: string | null;
  /** The HTTP port that the engine must have; null: any. */
  readonly httpPort: number | null;
}
/** Answers with the replacement that brings the engine up. Its `made` is set once there is a container. */
export const provisionEngineUpdate = defineUpdate<Replacement, [ProvisionRequest]>('provisionEngine');

/** From the API, and from the worker, which finds streams that have ended. Oldest first. */
export const streamsSignal = defineSignal<[readonly StreamEvent[]]>('streams');

/** From the fleet: how many engines this VPN keeps, the forwarded one included. It holds until the next such signal. */
export const setTargetSignal = defineSignal<[number]>('setTarget');
/** From a fleet that has no report of this VPN: it is to send one. */
export const reportSignal = defineSignal('report');
/** Removes idle engines beyond the target now, without waiting for the grace period. */
export const collectGarbageSignal = defineSignal('collectGarbage');

// From a replacement to its VPN. They are sent to the workflow id, so they also arrive after the VPN has continued as new.
export const engineMadeSignal = defineSignal<[EngineMade]>('engineMade');
export const engineReadySignal = defineSignal<[EngineReady]>('engineReady');
export const replacementEndedSignal = defineSignal<[ReplacementEnded]>('replacementEnded');
/** A container can't be removed. The VPN has another replacement go on trying, with longer pauses. */
export const engineLeftSignal = defineSignal<[EngineLeft]>('engineLeft');
/** The replacement is about to stop an engine and can wait until it has no stream. `leaveSignal` answers then. */
export const leaveAskedSignal = defineSignal<[LeaveAsked]>('leaveAsked');
export const attemptFailedSignal = defineSignal<[AttemptFailed]>('attemptFailed');

/** From a VPN to a replacement: the new target after the port has moved. Null: it is to signal its end, and to show that it still runs. */
export const retargetSignal = defineSignal<[Target | null]>('retarget');
/** From a VPN to a replacement: no attempt to bring up the engine before then (ms since the epoch); null: at any time. */
export const holdSignal = defineSignal<[Instant | null]>('hold');
/** From a VPN to a replacement: the ids of its old engines that have streams now. */
export const drainingSignal = defineSignal<[readonly ContainerId[]]>('draining');
/** From a VPN to a replacement: the ids of its old engines that have no stream, and get none any more. */
export const leaveSignal = defineSignal<[readonly ContainerId[]]>('leave');
/** From a VPN to a replacement that nobody waits for any more: release the old engine, and make no new one. */
export const abandonSignal = defineSignal('abandon');
