import { engineName, incarnationOf } from './names';
import type { Engine, EngineRef, Instant, Port, Role, ContainerId } from './engine';
import type { TakenPorts } from './vpn/taken-ports';

export type Cause =
  | 'first engine'
  | 'engine missing'
  | 'port changed'
  | 'port conflict'
  | 'forced'
  /** The VPN's container: started again, made anew, or gone. */
  | 'VPN restarted'
  | 'VPN re-created'
  | 'VPN removed'
  | 'VPN reconnected'
  | 'engine died'
  | 'engine unhealthy'
  | 'surplus'
  /** Made or released by a replacement that is not there any more. */
  | 'left over'
  | 'scaled up'
  | 'requested'
  | 'removed';

/** Whether it is that the engine's network is gone, for which it can do nothing. */
export function isLossOfNetwork(cause: Cause): boolean {
  return cause === 'VPN restarted' || cause === 'VPN re-created' || cause === 'VPN removed';
}

/** The engine that a replacement has to bring up. A moved port makes a new generation of it. */
export interface Target {
  readonly generation: number;
  readonly role: Role;
  readonly httpPort: Port;
  readonly httpsPort: Port;
  readonly p2pPort: Port | null;
  /** Containers (ids or names) being released that may hold a port of this one: it can start only when they are gone. */
  readonly waitFor: readonly string[];
  /** The caller options of this engine; null: it has none. Only the replacement has all of them, see `inBrief`. */
  readonly extras: SealedCallerOptions | null;
  /** Whoever asks for it wants that HTTP port and no other. */
  readonly isHttpPortGiven?: boolean;
}

/** Labels and environment that a caller gives the engine it asks for. */
export interface SealedCallerOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** See `src/secrets/seal.ts`. */
  readonly sealedEnv: string | null;
}

/**
 * Whether old engines are stopped only with the leave of the VPN's workflow, which refuses later streams on them: always, as long
 * as they may drain, or never, where the replacement has to be and waits for nobody.
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
  readonly target: Omit<Target, 'extras' | 'isHttpPortGiven'> | null;
  /** The new engine's container, which may not answer yet. */
  readonly made: { readonly id: ContainerId; readonly name: string } | null;
  /** When that was started, or was first heard of; absent until then. */
  readonly madeAt?: Instant;
  readonly newEngine: { readonly id: ContainerId; readonly name: string } | null;
  readonly state: ReplacementState;
  readonly startedAt: Instant;
  readonly readyAt: Instant | null;
  /** When the last of the old engines was gone from Docker; absent until then. */
  readonly goneAt?: Instant;
  readonly endedAt: Instant | null;
  /** Rounds of the replacement that failed and are being tried again. */
  readonly failedAttempts: number;
  readonly lastError: string | null;
  /** Until then the circuit breaker keeps it from trying to bring up its engine. */
  readonly heldUntil: Instant | null;
}

/** The name that the container of its engine has or will have; null: it brings up none. */
export function pendingName(vpn: string, { id, number, target }: PublicReplacement): string | null {
  return target && engineName(target.role, vpn, incarnationOf(id), number, target.generation);
}

/** What the VPN workflow knows of a replacement, for as long as it is among the running or the newest ones. */
export interface Replacement extends PublicReplacement {
  readonly target: Target | null;
  /** An old engine had a stream when it was hidden, or a moment before. */
  readonly wasInUse?: boolean;
  /** The engine that it was told not to bring up after all; until it has ended a container of it may come and go. */
  readonly givenUp?: Pick<Target, 'role' | 'httpPort' | 'httpsPort'>;
  /** Of the new engine's ports those that something else was found to have. */
  readonly taken?: TakenPorts | null;
  /** Of the old engines, those that have streams to serve: still, or again from a list that a proxy had. */
  readonly draining: readonly ContainerId[];
  readonly leave: Leave;
  /** The old engines for which it waits for leave. */
  readonly leaveAsked: readonly ContainerId[];
}

export interface ReplacementInput {
  readonly instance: string;
  readonly vpn: string;
  readonly lineage: string;
  readonly number: number;
  readonly cause: Cause;
  readonly reason: string | null;
  readonly old: readonly EngineRef[];
  readonly target: Target | null;
  readonly evictionGraceMs: number;
  readonly stopTimeoutS: number;
  readonly startupTimeoutMs: number;
  /** Of the old engines, those whose streams are waited for, until the VPN says otherwise; `drainMs`: for how long at most. */
  readonly draining: readonly ContainerId[];
  readonly drainMs: number;
  readonly leave: Leave;
  /** See `Replacement`. */
  readonly heldUntil: Instant | null;
  /** Set when the workflow continued as new: what it had done so far. */
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
  /** Absent: it was begun by a version that did not keep them. */
  readonly times?: ReplacementTimes;
}

/** When its steps were done; null: not yet, or there was nothing to do. */
export interface ReplacementTimes {
  /** All clients have a list without the old engines. */
  readonly hidden: Instant | null;
  /** The new engine has answered. */
  readonly ready: Instant | null;
  /** The last of the old engines is gone from Docker. */
  readonly gone: Instant | null;
}

/** What came of a replacement, for whoever opens its workflow in the Temporal UI. */
export interface ReplacementResult {
  /** Of the target that it has brought up; null: there was none, or no longer. The VPN's workflow goes by it. */
  readonly generation: number | null;
  readonly cause: Cause;
  /** `removed` is false if Docker does not remove it: another replacement goes on trying. */
  readonly oldEngines: readonly (EngineSummary & { readonly removed: boolean })[];
  /** Null: there was none to bring up, or no longer. */
  readonly newEngine: EngineSummary | null;
  readonly failedAttempts: number;
  /** ISO 8601. */
  readonly times: { readonly [step in keyof ReplacementTimes]: string | null };
}

export type EngineSummary = Pick<EngineRef, 'id' | 'name' | 'httpPort' | 'p2pPort'>;

/** Type of the failure of a step that no retry mends. */
export const PERMANENT_ERROR = 'Hopeless';

/** Type of the failure of a step that Docker does not carry out, whoever tries it; its first detail is the container's id. */
export const REFUSED_BY_DOCKER = 'RefusedByDocker';

/** child → VPN workflow */
export interface EngineLeft {
  readonly number: number;
  readonly lineage: string;
  /** The container that can't be removed: an old engine's, or that of a new one that is not wanted. */
  readonly engine: EngineRef;
  /** Of the target that it was made for; null: an old engine. */
  readonly generation: number | null;
  /** Docker's words. */
  readonly reason: string;
}
export interface LeaveAsked {
  readonly number: number;
  readonly lineage: string;
  readonly engine: ContainerId;
}
export interface EngineMade {
  readonly number: number;
  readonly lineage: string;
  readonly generation: number;
  readonly id: ContainerId;
  readonly name: string;
}
export interface EngineReady {
  readonly number: number;
  readonly lineage: string;
  readonly generation: number;
  readonly engine: Engine;
  /** The run of the VPN's container in whose network it was made. */
  readonly session: string;
}
export interface ReplacementEnded {
  readonly number: number;
  readonly lineage: string;
  readonly generation: number | null;
  readonly failedAttempts: number;
}
export interface AttemptFailed {
  readonly number: number;
  readonly lineage: string;
  readonly failedAttempts: number;
  readonly error: string;
  /** The engine itself could not be brought up; what was made of it has been removed. */
  readonly provisioning: boolean;
  /** Says something of other engines, too: it was not to have environment of its caller's, nor a port that something else has. */
  readonly countsForBreaker: boolean;
  readonly taken: TakenPorts | null;
}
