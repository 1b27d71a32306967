import { engineName, incarnationOf } from './names';
import type { Engine, EngineRef, Instant, Port, Role, ContainerId } from './engine';
import type { TakenPorts } from './vpn/taken-ports';

export type Cause =
  | 'first engine'
  | 'engine missing'
  | 'port changed'
  | 'port conflict'
  | 'forced'
  /** The VPN's container was started again, made anew, or removed. */
  | 'VPN restarted'
  | 'VPN re-created'
  | 'VPN removed'
  | 'VPN reconnected'
  | 'engine died'
  | 'engine unhealthy'
  | 'surplus'
  /** An engine of a replacement that has ended without removing it. */
  | 'left over'
  | 'scaled up'
  | 'requested'
  | 'removed';

/** Whether the engine lost its network, so that the engine itself has not failed. */
export function isLossOfNetwork(cause: Cause): boolean {
  return cause === 'VPN restarted' || cause === 'VPN re-created' || cause === 'VPN removed';
}

/** The engine that a replacement has to bring up. Each move to another port makes a new generation. */
export interface Target {
  readonly generation: number;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port;
  readonly p2pPort: Port | null;
  /** Ids or names of containers that are being released and may hold a port of this engine, which starts when they are gone. */
  readonly waitFor: readonly string[];
  /** The caller options of this engine; null: it has none. Only the replacement has all of them, see `inBrief`. */
  readonly callerOptions: SealedCallerOptions | null;
  /** The caller asked for this HTTP port, so it can't move to another. */
  readonly isHttpPortGiven?: boolean;
}

/** Labels and environment that a caller gives the engine it asks for. */
export interface SealedCallerOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** See `src/secrets/seal.ts`. */
  readonly sealedEnv: string | null;
}

/**
 * When a replacement needs leave of the VPN's workflow to stop an old engine. With the leave the workflow begins to refuse streams on
 * that engine. `always`: for every old engine; `while draining`: for one that still has streams, until its drain time is over; `never`: the
 * replacement is urgent and waits for nobody.
 */
export type Leave = 'always' | 'while draining' | 'never';

export type ReplacementState = 'running' | 'completed' | 'lost';

/** A replacement as it is shown outside its VPN's workflow. */
export interface PublicReplacement {
  readonly id: string;
  readonly number: number;
  readonly cause: Cause;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly oldPort: Port | null;
  readonly old: readonly EngineRef[];
  readonly target: Omit<Target, 'callerOptions' | 'isHttpPortGiven'> | null;
  /** The new engine's container, which may not answer yet. */
  readonly made: { readonly id: ContainerId; readonly name: string } | null;
  /** When the container was started, or first reported; absent until then. */
  readonly madeAt?: Instant;
  readonly newEngine: { readonly id: ContainerId; readonly name: string } | null;
  readonly state: ReplacementState;
  readonly startedAt: Instant;
  readonly readyAt: Instant | null;
  /** When the last old engine was removed; absent until then. */
  readonly goneAt?: Instant;
  readonly endedAt: Instant | null;
  /** Attempts of the replacement that have failed, each of which is followed by another. */
  readonly failedAttempts: number;
  readonly lastError: string | null;
  /** Until then the circuit breaker holds back its next attempt; null: it does not. */
  readonly heldUntil: Instant | null;
}

/** The name of its new engine's container, which may not exist yet; null: it brings up no engine. */
export function pendingName(vpn: string, { id, number, target }: PublicReplacement): string | null {
  return target && engineName(target.role, vpn, incarnationOf(id), number, target.generation);
}

/** A replacement in the VPN workflow's state, which has those that are running and the newest ones. */
export interface Replacement extends PublicReplacement {
  readonly target: Target | null;
  /** An old engine had a stream when it was hidden, or shortly before. */
  readonly wasInUse?: boolean;
  /** An engine that it was told not to bring up after all. Until the replacement has ended, a container of it may exist. */
  readonly givenUp?: Pick<Target, 'role' | 'httpPort' | 'httpsPort'>;
  /** Ports of the new engine that were found taken. */
  readonly taken?: TakenPorts | null;
  /** Old engines that have streams to finish, streams that a proxy began by an older list included. */
  readonly draining: readonly ContainerId[];
  readonly leave: Leave;
  /** Old engines for which it waits for leave. */
  readonly leaveAsked: readonly ContainerId[];
}

export interface ReplacementInput {
  readonly instance: string;
  readonly vpn: string;
  readonly incarnation: string;
  readonly number: number;
  readonly cause: Cause;
  readonly reason: string | null;
  readonly old: readonly EngineRef[];
  readonly target: Target | null;
  readonly evictionGraceMs: number;
  readonly stopTimeoutS: number;
  readonly startupTimeoutMs: number;
  /** Old engines that may finish their streams, until the VPN sends another list; `drainMs`: for how long at most. */
  readonly draining: readonly ContainerId[];
  readonly drainMs: number;
  readonly leave: Leave;
  /** See `Replacement`. */
  readonly heldUntil: Instant | null;
  /** Set when the workflow has continued as new: what it has done so far. */
  readonly progress?: ReplacementProgress;
}

export interface ReplacementProgress {
  readonly released: readonly ContainerId[];
  readonly ready: { readonly generation: number; readonly engine: Engine; readonly session: string } | null;
  readonly failedAttempts: number;
  readonly heldUntil: Instant | null;
  readonly draining: readonly ContainerId[];
  readonly drainUntil: Instant;
  readonly tellsEnd: boolean;
  /** Absent: an earlier version, which did not keep them, began it. */
  readonly times: ReplacementTimes;
}

/** When each step was done; null: not yet, or there was nothing to do. */
export interface ReplacementTimes {
  /** Every client has a list without the old engines. */
  readonly hidden: Instant | null;
  /** The new engine has answered. */
  readonly ready: Instant | null;
  /** The last old engine is removed. */
  readonly gone: Instant | null;
}

/** The result of a replacement, as the Temporal UI shows it. */
export interface ReplacementResult {
  /** Generation of the target that it has brought up; null: it had no target, or has none any more. The VPN's workflow uses it. */
  readonly generation: number | null;
  readonly cause: Cause;
  /** `removed`: false if Docker does not remove it; another replacement goes on trying. */
  readonly oldEngines: readonly (EngineSummary & { readonly removed: boolean })[];
  /** Null: there was no engine to bring up, or there is none any more. */
  readonly newEngine: EngineSummary | null;
  readonly failedAttempts: number;
  /** ISO 8601. */
  readonly times: { readonly [step in keyof ReplacementTimes]: string | null };
}

export type EngineSummary = Pick<EngineRef, 'id' | 'name' | 'httpPort' | 'p2pPort'>;

/** Type of an activity's failure that no retry mends. */
export const PERMANENT_ERROR = 'PermanentError';

/** Type of an activity's failure because Docker refuses to do something to a container; its first detail is the container's id. */
export const REFUSED_BY_DOCKER = 'RefusedByDocker';

// What a replacement's workflow signals to its VPN's workflow.

export interface EngineLeft {
  readonly number: number;
  readonly incarnation: string;
  /** The engine whose container can't be removed: an old one, or a new one that is not wanted any more. */
  readonly engine: EngineRef;
  /** Generation of the target that it was made for; null: it is an old engine. */
  readonly generation: number | null;
  /** In Docker's words. */
  readonly reason: string;
}
export interface LeaveAsked {
  readonly number: number;
  readonly incarnation: string;
  readonly engine: ContainerId;
}
export interface EngineMade {
  readonly number: number;
  readonly incarnation: string;
  readonly generation: number;
  readonly id: ContainerId;
  readonly name: string;
}
export interface EngineReady {
  readonly number: number;
  readonly incarnation: string;
  readonly generation: number;
  readonly engine: Engine;
  /** The session of the VPN in whose network it was made. */
  readonly session: string;
}
export interface ReplacementEnded {
  readonly number: number;
  readonly incarnation: string;
  readonly generation: number | null;
  readonly failedAttempts: number;
}
export interface AttemptFailed {
  readonly number: number;
  readonly incarnation: string;
  readonly failedAttempts: number;
  readonly error: string;
  /** The new engine could not be brought up; what was made of it has been removed. */
  readonly provisioning: boolean;
  /** Other engines may fail in the same way. False where the caller's own environment may be the cause, or a taken port has kept the engine from starting. */
  readonly countsForBreaker: boolean;
  readonly taken: TakenPorts | null;
}
