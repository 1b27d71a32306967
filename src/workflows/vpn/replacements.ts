import type { ContainerId, Engine, EngineRef, Instant, Port, Role } from '../../domain/engine';
import { replacementWorkflowId } from '../../domain/names';
import type { Cause, SealedCallerOptions, Leave, Replacement, Target } from '../../domain/replacement';
import { draining, drainMs } from './decide/drain';
import { allocate, waitFor } from './decide/ports';
import { busyEngines } from '../../domain/streams/stream';
import type { VpnData } from './data';

// Replacements in the state of a VPN: how they begin, move, change and are found.

const ENDED_KEPT = 20;
/** How long an engine counts as used after its last stream: when it dies, a proxy reports the end of its streams before Docker shows it. */
const USED_JUST_NOW_MS = 5_000;

/** The engine that a replacement is to bring up. @property httpPort the HTTP port that it must have; absent or null: any */
export interface BringUp {
  readonly role: Role;
  readonly p2pPort: Port | null;
  readonly callerOptions?: SealedCallerOptions;
  readonly httpPort?: Port | null;
}

export interface ReplacementOrder {
  readonly cause: Cause;
  /** Evicted and released. */
  readonly old: readonly EngineRef[];
  /** Null: no engine takes their place. */
  readonly bringUp: BringUp | null;
  readonly reason?: string | null;
  readonly requestId?: string | null;
}

/** The state with the old engines evicted and the replacement recorded, with ports for the new engine. @throws PortRangeUsedUp */
export function withBegun(
  before: VpnData,
  order: ReplacementOrder,
  now: Instant,
): { readonly data: VpnData; readonly replacement: Replacement } {
  const { cause, old, bringUp, reason = null, requestId = null } = order;
  const { settings, incarnation, nextNumber: number } = before;
  const oldIds = new Set(old.map((e) => e.id));
  const data: VpnData = {
    ...before,
    engines: before.engines.filter((e) => !oldIds.has(e.id)),
    evicted: [...before.evicted.filter((e) => !oldIds.has(e.id)), ...old],
  };
  const leave = leaveFor(before, cause, old);
  const replacement: Replacement = {
    id: replacementWorkflowId(settings.instance, settings.vpn, incarnation, number),
    number,
    cause,
    reason,
    requestId,
    oldPort: old.find((e) => e.p2pPort !== null)?.p2pPort ?? null,
    old,
    ...(wasInUse(before, oldIds, now) ? { wasInUse: true } : {}),
    target: bringUp && firstTarget(data, bringUp),
    made: null,
    newEngine: null,
    state: 'running',
    startedAt: now,
    readyAt: null,
    endedAt: null,
    failedAttempts: 0,
    lastError: null,
    heldUntil: null,
    draining: draining(data, cause, old, leave),
    leave,
    leaveAsked: [],
  };
  const replacements = [...data.replacements, replacement];
  return { data: { ...data, nextNumber: number + 1, replacements }, replacement };
}

function wasInUse(data: VpnData, engines: ReadonlySet<ContainerId>, now: Instant): boolean {
  const busy = busyEngines(data);
  const isInUse = ({ id, lastUsedAt }: Engine) => busy.has(id) || now - (lastUsedAt ?? -Infinity) < USED_JUST_NOW_MS;
  return data.engines.some((e) => engines.has(e.id) && isInUse(e));
}

function leaveFor(data: VpnData, cause: Cause, old: readonly EngineRef[]): Leave {
  // A surplus engine works, and was idle: a stream on it can only have begun while it was being hidden.
  if (cause === 'surplus') return 'always';
  if (cause === 'removed') return drainMs(data, cause) > 0 ? 'while draining' : 'never';
  // For a left-over engine the rule of the replacement that evicted it still holds.
  if (cause !== 'left over') return 'never';
  const before = old.map((e) => releasedBy(data, e.id)?.leave ?? 'never');
  return before.find((leave) => leave !== 'never') ?? 'never';
}

function firstTarget(data: VpnData, { role, p2pPort, callerOptions, httpPort }: BringUp): Target {
  const ports = allocate(data, p2pPort, data.nextNumber, httpPort ?? null);
  const isHttpPortGiven = httpPort !== undefined && httpPort !== null;
  return {
    generation: 1,
    role,
    p2pPort,
    callerOptions: callerOptions ?? null,
    ...ports,
    ...(isHttpPortGiven ? { isHttpPortGiven } : {}),
  };
}

/** The next generation of the target, on that forwarded port; null: a plain engine, which gets another HTTP and HTTPS port. @throws PortRangeUsedUp */
export function movedTarget(data: VpnData, { target, number }: Replacement, p2pPort: Port | null): Target {
  if (!target) throw new TypeError(`replacement ${number} has no target to move`);
  const { httpPort, httpsPort, generation, role, callerOptions } = target;
  const never = [p2pPort ?? 0, ...data.takenPorts.map(({ port }) => port)];
  const keepsPorts = role === 'forwarded' && !never.includes(httpPort) && !never.includes(httpsPort);
  const ports = keepsPorts
    ? { httpPort, httpsPort, waitFor: waitFor(data, [httpPort, httpsPort, p2pPort], number) }
    : allocate(data, p2pPort, number);
  return { generation: generation + 1, role, p2pPort, callerOptions, ...ports };
}

/** The next generation of the target with the same ports, since a container of the present one could not be removed. */
export function renewedTarget(data: VpnData, { target, number }: Replacement): Target {
  if (!target) throw new TypeError(`replacement ${number} has no target to renew`);
  const { httpPort, httpsPort, p2pPort, generation } = target;
  return { ...target, generation: generation + 1, waitFor: waitFor(data, [httpPort, httpsPort, p2pPort], number) };
}

/** All replacements with a changed one: those that run, and the last ones that have ended. */
export function withChanged({ replacements }: VpnData, changed: Replacement): Replacement[] {
  const all = replacements.map((r) => (r.number === changed.number ? changed : r));
  const ended = all
    .filter((r) => r.state !== 'running')
    .toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0))
    .slice(-ENDED_KEPT);
  return all.filter((r) => r.state === 'running' || ended.includes(r));
}

/** The newest replacement that releases, or has released, the engine. */
export function releasedBy({ replacements }: VpnData, idOrName: string): Replacement | undefined {
  return replacements.findLast((r) => r.old.some((e) => e.id === idOrName || e.name === idOrName));
}

/** The replacement that sent a message; undefined: it is not known, or belongs to a former incarnation of the VPN's workflow. */
export function senderOf(
  { incarnation, replacements }: VpnData,
  message: { readonly number: number; readonly incarnation: string },
): Replacement | undefined {
  return message.incarnation === incarnation ? replacements.find((r) => r.number === message.number) : undefined;
}

export function numbered({ replacements }: VpnData, number: number): Replacement {
  const replacement = replacements.find((r) => r.number === number);
  if (!replacement) throw new TypeError(`there is no replacement ${number}`);
  return replacement;
}
