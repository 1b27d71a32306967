import type { ContainerId, EngineRef, Instant } from '../../domain/engine';
import type { Leave, ReplacementInput, ReplacementProgress, ReplacementTimes, Target } from '../../domain/replacement';

type ReadyEngine = NonNullable<ReplacementProgress['ready']>;

/** What a replacement has done, and still has to do. Plain data, which only the functions below change. */
export interface Work extends ReplacementProgress {
  readonly times: ReplacementTimes;
  /** The engine to bring up; null: none. */
  readonly target: Target | null;
  /** Old engines that the VPN's workflow has given leave to stop. */
  readonly granted: readonly ContainerId[];
  /** The VPN's workflow is gone or has given the replacement up, so nobody gives leave, or needs a new engine. */
  readonly abandoned: boolean;
}

const NOTHING_DONE: ReplacementTimes = { hidden: null, ready: null, gone: null };

type Begun = Pick<ReplacementInput, 'target' | 'progress' | 'heldUntil' | 'draining' | 'drainMs'>;

export function workOf({ target, progress, heldUntil, draining, drainMs }: Begun, now: Instant): Work {
  const begun = {
    released: [],
    ready: null,
    failedAttempts: 0,
    heldUntil,
    draining,
    tellsEnd: false,
    times: NOTHING_DONE,
  };
  const done = progress ?? { ...begun, drainUntil: now + drainMs };
  return { ...done, target, granted: [], abandoned: false };
}

/** What the next run begins with. */
export function progressOf(work: Work): ReplacementProgress {
  const { released, ready, failedAttempts, heldUntil, draining, drainUntil, tellsEnd, times } = work;
  return { released, ready, failedAttempts, heldUntil, draining, drainUntil, tellsEnd, times };
}

/** With another target. One that arrives late, after a newer one, changes nothing. */
export function retargeted(work: Work, moved: Target): Work {
  const { target } = work;
  if (!target || moved.generation <= target.generation) return work;
  // The VPN's workflow does not keep all caller options.
  return { ...work, target: { ...moved, callerOptions: target.callerOptions } };
}

/** The VPN's workflow is gone or has given the replacement up: no new engine is brought up. One that answers already stays for the next workflow. */
export function abandoned(work: Work): Work {
  return { ...work, abandoned: true, target: isUpToDate(work) ? work.target : null };
}

/** @param heldUntil until when the circuit breaker holds the replacement back; null: the breaker has closed */
export function holdChanged(work: Work, heldUntil: Instant | null): Work {
  return { ...work, heldUntil };
}

/** With the old engines that have streams now. Streams end, and a proxy with an older list may still begin one. */
export function drainingChanged(work: Work, engines: readonly ContainerId[]): Work {
  return { ...work, draining: engines };
}

export function granted(work: Work, engines: readonly ContainerId[]): Work {
  return { ...work, granted: [...work.granted, ...engines] };
}

export function attemptFailed(work: Work): Work {
  return { ...work, failedAttempts: work.failedAttempts + 1 };
}

/** Every client has a list without the old engines. */
export function enginesHidden(work: Work, now: Instant): Work {
  return { ...work, times: { ...work.times, hidden: now } };
}

export function engineReady(work: Work, ready: ReadyEngine, now: Instant): Work {
  return { ...work, ready, times: { ...work.times, ready: now } };
}

/** The engine that was ready has been removed, because the target has moved. */
export function engineDiscarded(work: Work): Work {
  return { ...work, ready: null, times: { ...work.times, ready: null } };
}

export function engineReleased(work: Work, { id }: EngineRef, now: Instant): Work {
  return { ...work, released: [...work.released, id], times: { ...work.times, gone: now } };
}

/** Whether the wanted engine answers, or none is wanted. */
export function isUpToDate({ target, ready }: Work): boolean {
  return target === null || ready?.generation === target.generation;
}

/** Whether the circuit breaker holds the replacement back. */
export function isHeld({ heldUntil }: Work, now: Instant): boolean {
  return heldUntil !== null && now < heldUntil;
}

export function unreleased({ released }: Work, old: readonly EngineRef[]): EngineRef[] {
  return old.filter(({ id }) => !released.includes(id));
}

/** Until when to wait for the streams of an old engine; null: for as long as they last. */
export function drainsUntil({ drainUntil }: Work, leave: Leave): Instant | null {
  return leave === 'always' ? null : drainUntil;
}

/** Whether an old engine may be stopped, as far as its streams are concerned. */
export function mayStop(work: Work, leave: Leave, engine: ContainerId, now: Instant): boolean {
  const until = drainsUntil(work, leave);
  if (until !== null && now >= until) return true;
  if (leave === 'never') return !work.draining.includes(engine);
  return work.abandoned || work.granted.includes(engine);
}
