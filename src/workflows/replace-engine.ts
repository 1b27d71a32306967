import {
  CancelledFailure,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { MadeEngine } from '../activities/create-engine';
import type { Evicted } from '../activities/evict-engines';
import { engineRef, type ContainerId, type EngineRef, type Port } from '../domain/engine';
import { engineName, vpnWorkflowId } from '../domain/names';
import type { Cause, ReplacementInput, ReplacementResult, Target } from '../domain/replacement';
import {
  awaitEngine,
  awaitPortsFree,
  awaitReleased,
  createEngine,
  evictEngines,
  releaseEngine,
  removeEngine,
} from './activities';
import { breakerKind } from './breaker';
import {
  abandonSignal,
  attemptFailedSignal,
  drainingSignal,
  engineLeftSignal,
  engineMadeSignal,
  engineReadySignal,
  holdSignal,
  leaveAskedSignal,
  leaveSignal,
  replacementEndedSignal,
  retargetSignal,
} from './messages';
import { failureOf } from './failure';
import { historyIsLong } from './long-history';
import { parseHold, parseIds, parseTarget } from './parse';

const LONGEST_PAUSE_MS = 10_000;
/** Between two attempts at a container that Docker does not remove: one that runs again holds a port for no longer. */
const LEFT_OVER_PAUSE_MS = 60_000;
/** A container that Docker has not removed by then is left to a replacement of its own. */
const LEFT_AFTER_MS = 10_000;
/** Who has asked for an engine waits for its container. Of the others, it is told with the engine's answer, unless that takes long. */
const TOLD_WHEN_REQUESTED_MS = 300;
const TOLD_AFTER_MS = 10_000;
/** More than PROXY_CACHE_S, ENGINES_MAX_AGE_MS and the deadline of a query may be together. */
const HEARD_AT_MOST_MS = 13_000;
/** A VPN whose workflow answers nobody for half a minute, the default of ENGINES_STALE_LIMIT_S, keeps no engine. */
const ROUNDS_AT_MOST = 3;
const HOPELESS_PAUSE_MS = 60_000;
const LONGEST_TIMER_MS = 24 * 60 * 60_000;

/** What an engine was made for. */
type Made = Omit<EngineRef, 'id' | 'name'> & Pick<Target, 'generation'>;

/**
 * Replaces an engine, and does not end before the old one is gone and the new one answers, whatever fails on the
 * way. Both sides are optional: without an old engine it provisions, without a target it lets go. The VPN workflow
 * has hidden the old engine before this workflow exists. A request to cancel is not followed, since half a replacement is
 * worse than one; who terminates it has the VPN do the rest.
 */
export function replaceEngine(input: ReplacementInput): Promise<ReplacementResult> {
  return CancellationScope.nonCancellable(() => replace(input));
}

async function replace(input: ReplacementInput): Promise<ReplacementResult> {
  const { vpn } = input;
  let target = input.target;
  let failedAttempts = input.progress?.failedAttempts ?? 0;
  let ready = input.progress?.ready ?? null;
  let heldUntil = input.progress ? input.progress.heldUntil : input.heldUntil;
  /** History has grown long from trying: what is done is carried over, what is not is tried in a new run. */
  let renewal = false;
  /** Signals on their way, which the end of a run would take along. */
  let telling = 0;
  const released = new Set<ContainerId>(input.progress?.released);
  /** By name, why Docker does not remove it. */
  const leftBehind = new Map<string, string>();
  const longestPause = input.cause === 'left over' ? LEFT_OVER_PAUSE_MS : LONGEST_PAUSE_MS;
  let draining = input.progress?.draining ?? input.draining;
  /** The run of the VPN that has begun this, and is told its end by Temporal, is over. */
  let tellsEnd = input.progress?.tellsEnd ?? false;
  /** Old engines that may be stopped as far as their streams are concerned. */
  const mayStop = new Set<ContainerId>();
  /** There is nobody who could give leave. */
  let abandoned = false;
  const drainUntil = input.progress?.drainUntil ?? Date.now() + input.drainMs;
  const parent = getExternalWorkflowHandle(vpnWorkflowId(input.instance, vpn));

  setHandler(retargetSignal, (value) => {
    if (value === null) {
      tellsEnd = true;
      return;
    }
    const moved = parseTarget(value);
    if (!moved) log.warn(`[${vpn}] signal retarget ignored: not a target`);
    else if (target && moved.generation > target.generation) target = { ...moved, extras: target.extras };
  });

  setHandler(holdSignal, (value) => {
    const until = parseHold(value);
    if (until === undefined) log.warn(`[${vpn}] signal hold ignored: not a time`);
    else heldUntil = until;
  });

  setHandler(drainingSignal, (value) => {
    const ids = parseIds(value);
    if (ids) draining = ids;
    else log.warn(`[${vpn}] signal draining ignored: not the ids of containers`);
  });

  setHandler(leaveSignal, (value) => {
    const ids = parseIds(value);
    if (ids) for (const id of ids) mayStop.add(id);
    else log.warn(`[${vpn}] signal leave ignored: not the ids of containers`);
  });

  /** The VPN is not there any more, or is another one that knows nothing of this: a new engine would be nobody's. */
  function abandon(): void {
    abandoned = true;
    if (target && ready?.generation !== target.generation) target = null;
  }
  setHandler(abandonSignal, abandon);

  /** Goes on in another run; nothing that is awaited here comes to its end in this one. */
  async function renew(): Promise<never> {
    renewal = true;
    return new Promise<never>(() => {});
  }

  /** Tries until it is done. A failure is told to the VPN, and once while it stays the same to the log. */
  async function untilDone<T>(
    what: string,
    work: () => Promise<T>,
    given: () => boolean = () => true,
  ): Promise<T | null> {
    let lastError: string | null = null;
    for (let attempt = 1; given(); attempt++) {
      try {
        return await work();
      } catch (error) {
        if (isCancellation(error)) throw error;
        const { message, hopeless, ofEngine, portsTaken } = failureOf(error);
        const provisioning = ofEngine && what === PROVISIONING;
        failedAttempts++;
        const pause = hopeless ? HOPELESS_PAUSE_MS : Math.min(longestPause, 500 * 2 ** (attempt - 1));
        if (message !== lastError) {
          log.error(`[${vpn}] ${what} failed, trying again: ${message}`, { event: 'attempt failed', attempt });
        }
        // The count is told at 1, 2, 4, 8 and so on, to keep the VPN's history small; the circuit breaker counts each.
        if (provisioning || message !== lastError || Number.isInteger(Math.log2(attempt))) {
          lastError = message;
          const taken = portsTaken?.taken ?? null;
          const callersEnv = typeof target?.extras?.sealedEnv === 'string';
          // One that was not even started has cost nothing, and what it waits for is known.
          const countsForBreaker = !callersEnv && portsTaken?.started !== false;
          const failure = { failedAttempts, error: `${what}: ${message}`, provisioning, countsForBreaker, taken };
          await tell(attemptFailedSignal, failure);
        }
        if (historyIsLong()) await renew();
        await condition(() => !given(), pause);
      }
    }
    return null;
  }

  async function tell(signal: typeof attemptFailedSignal, message: object): Promise<void> {
    telling++;
    try {
      await parent.signal(signal, { lineage: input.lineage, number: input.number, ...message });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn(`[${vpn}] the VPN's workflow is not there: ${failureOf(error).message}`);
      abandon();
    } finally {
      telling--;
    }
  }

  /** While the VPN's circuit breaker is open nothing is tried; another target or a reset may end that any time. */
  async function untilAllowed(given: () => boolean): Promise<void> {
    for (let until = heldUntil; given() && until !== null && until > Date.now(); until = heldUntil) {
      const seen = until;
      // Held for days, it is asked again and again whether it still runs.
      await condition(
        () => !given() || heldUntil !== seen || historyIsLong(),
        Math.min(seen - Date.now(), LONGEST_TIMER_MS),
      );
      if (historyIsLong()) await renew();
    }
  }

  /**
   * From now on Docker revives none of the old engines. Proxies keep their list for 2 s, and an API serves its last one while it
   * gets no answer. So an engine is stopped only after a time in which whoever asked was told a list without it: the activity
   * asks as APIs do. What is left of a longer grace goes by before.
   */
  async function evict(engines: readonly EngineRef[]): Promise<void> {
    if (engines.length === 0) return;
    const grace = input.evictionGraceMs;
    const ms = Math.min(grace, HEARD_AT_MOST_MS);
    const names = engines.map((e) => e.name).join(', ');
    const round = (heardMs: number) => {
      const summary = `evict ${names}${heardMs === 0 ? '' : ': until all have a list without it'}`;
      return untilDone(`evicting ${names}`, () =>
        evictEngines.executeWithOptions({ summary }, [{ vpn, engines, heardMs }]),
      );
    };
    const refused = new Map<string, string>();
    const note = (evicted: Evicted | null) => {
      for (const { name, reason } of evicted?.refused ?? []) {
        if (refused.has(name)) continue;
        refused.set(name, reason);
        log.warn(
          `[${vpn}] Docker does not take the restart policy from engine ${name}, which goes all the same: ${reason}`,
        );
      }
    };
    if (grace > ms) {
      note(await round(0));
      await sleep(grace - ms, { summary: 'eviction grace: proxies keep their list' });
    }
    for (let asked = 1; asked <= ROUNDS_AT_MOST; asked++) {
      const evicted = await round(ms);
      note(evicted);
      if (evicted?.heard !== false) return;
    }
  }

  /** Nobody chooses the engine any more, and those who have chosen it may go on until it is time. */
  async function passDrain(engine: EngineRef): Promise<void> {
    const isDraining = () => draining.includes(engine.id);
    const mayStay = input.leave === 'always' ? undefined : drainUntil - Date.now();
    if (mayStay !== undefined && mayStay <= 0) return;
    if (!input.progress && isDraining()) {
      const limit = mayStay === undefined ? '' : ` for ${Math.ceil(mayStay / 1000)} s`;
      log.info(`[${vpn}] Engine ${engine.name} may finish its streams${limit}`, {
        event: 'draining',
        engine: engine.id,
      });
    }
    if (input.leave !== 'never') await tell(leaveAskedSignal, { engine: engine.id });
    const mayGo = () => (input.leave === 'never' ? !isDraining() : abandoned || mayStop.has(engine.id));
    if (mayGo()) return;
    await (mayStay === undefined
      ? condition(() => mayGo() || historyIsLong())
      : condition(() => mayGo() || historyIsLong(), mayStay));
    if (!mayGo() && historyIsLong()) await renew();
  }

  async function letGo(engine: EngineRef): Promise<void> {
    const what = engine.role === 'forwarded' ? 'forwarded engine' : 'engine';
    await passDrain(engine);
    const dead = DEAD[input.cause];
    const begins =
      dead === undefined
        ? `Stopping ${what} ${engine.name} due to ${reasonInLog(input.cause)}`
        : `Removing ${what} ${engine.name}, which ${dead}`;
    log.info(`[${vpn}] ${begins}`, { event: 'stopping', engine: engine.id });
    const isGone = await removed(
      engine.name,
      () => engine,
      null,
      () =>
        releaseEngine.executeWithOptions({ summary: `stop and remove ${engine.name}` }, [
          { engine, timeoutS: input.stopTimeoutS },
        ]),
    );
    if (isGone) {
      const ends = dead === undefined ? 'stopped' : 'removed';
      log.info(`[${vpn}] Successfully ${ends} ${what} ${engine.name}`, { event: 'stopped', engine: engine.id });
    }
    released.add(engine.id);
  }

  /**
   * Tries until the container is gone. What Docker does not remove would hold up the new engine, and this replacement: it is
   * left to one that does nothing else, which stays with it.
   * @returns false: it was left
   */
  async function removed(
    name: string,
    engineWith: (id: ContainerId) => EngineRef,
    generation: number | null,
    remove: () => Promise<void>,
  ): Promise<boolean> {
    const begun = Date.now();
    await untilDone(`removing ${name}`, async () => {
      try {
        await remove();
        leftBehind.delete(name);
      } catch (error) {
        const { message, refusedFor } = failureOf(error);
        if (refusedFor === null || Date.now() - begun < LEFT_AFTER_MS) throw error;
        await leave(engineWith(refusedFor), generation, message);
        if (input.cause === 'left over') throw error;
      }
    });
    return !leftBehind.has(name);
  }

  /** Has the VPN's workflow know of it, which sees to the rest. */
  async function leave(engine: EngineRef, generation: number | null, reason: string): Promise<void> {
    if (leftBehind.get(engine.name) === reason) return;
    leftBehind.set(engine.name, reason);
    await tell(engineLeftSignal, { engine, generation, reason });
  }

  async function provision(wanted: Target): Promise<void> {
    const current = () => target?.generation === wanted.generation;
    const scope = new CancellationScope();
    let tried = false;
    /** Those of its ports that something else had when it was tried last. */
    let taken: readonly Port[] = [];
    void condition(() => !current()).then(() => scope.cancel());
    const noted = (error: unknown): never => {
      taken = failureOf(error).portsTaken?.taken.ports ?? [];
      throw error;
    };
    const attempt = async () => {
      await untilAllowed(current);
      if (!current()) throw new CancelledFailure('the target has moved');
      if (taken.length > 0) {
        const summary = `wait until nothing else has port ${taken.join(', ')}`;
        await awaitPortsFree.executeWithOptions({ summary }, [{ vpn, ports: taken }]);
        taken = [];
      }
      while (wanted.waitFor.length > 0) {
        const areFree = await awaitReleased.executeWithOptions(
          { summary: 'wait until the old engine has left its port' },
          [{ vpn, holders: wanted.waitFor }],
        );
        if (areFree) break;
      }
      // Short, and seen to its end even when the port moves: a container that nobody heard of would hold its ports.
      tried = true;
      const made = await CancellationScope.nonCancellable(() => create(wanted)).catch(noted);
      const { engine, session } = made;
      void tellLater(wanted, engine);
      try {
        const { run } = await awaitEngine.executeWithOptions({ summary: `wait until ${engine.name} answers` }, [
          { vpn, session, engine, timeoutMs: input.startupTimeoutMs },
        ]);
        return { engine: { ...engine, run }, session };
      } catch (error) {
        if (!isCancellation(error)) await discard(wanted);
        return noted(error);
      }
    };
    let answering: MadeEngine | null = null;
    try {
      answering = await scope.run(() => untilDone(PROVISIONING, attempt, current));
    } catch (error) {
      if (!isCancellation(error) || current()) throw error;
    }
    if (answering && current()) {
      const { engine, session } = answering;
      ready = { generation: wanted.generation, engine: { ...engine, ready: true, health: 'healthy' }, session };
      await tell(engineReadySignal, ready);
    } else if (tried) {
      await discard(wanted);
    }
  }

  /**
   * Of an engine that boots long, while it is asked. Not at once: when the port moves just then, two workflows that signal each
   * other at the same moment wait half a second for each other's locks in Temporal's server.
   */
  async function tellLater({ generation }: Target, { id, name }: EngineRef): Promise<void> {
    try {
      await sleep(input.cause === 'requested' ? TOLD_WHEN_REQUESTED_MS : TOLD_AFTER_MS, {
        summary: 'an engine that still boots is told of',
      });
    } catch {
      return;
    }
    const isNeeded = target?.generation === generation && ready?.generation !== generation;
    if (isNeeded) await CancellationScope.nonCancellable(() => tell(engineMadeSignal, { generation, id, name }));
  }

  async function create(wanted: Target): Promise<MadeEngine> {
    const { instance, lineage, number } = input;
    const on = wanted.p2pPort === null ? '' : ` on port ${wanted.p2pPort}`;
    try {
      return await createEngine.executeWithOptions({ summary: `provision ${wanted.role} engine${on}` }, [
        { vpn, instance, lineage, number, target: wanted },
      ]);
    } catch (error) {
      const { message, refusedFor } = failureOf(error);
      if (refusedFor !== null) await leave(madeFor(wanted, refusedFor), wanted.generation, message);
      throw error;
    }
  }

  function nameOf({ role, generation }: Made): string {
    return engineName(role, vpn, input.lineage, input.number, generation);
  }

  function madeFor(wanted: Made, id: ContainerId): EngineRef {
    return engineRef({ ...wanted, id, name: nameOf(wanted) });
  }

  /**
   * What was made for a target that has moved, or did not answer. It was never listed, so no proxy can have it. By its
   * name, since a container that was created but could not be started is known by nothing else.
   */
  async function discard(unwanted: Made): Promise<void> {
    const name = nameOf(unwanted);
    if (leftBehind.has(name)) return;
    await removed(
      name,
      (id) => madeFor(unwanted, id),
      unwanted.generation,
      () =>
        removeEngine.executeWithOptions({ summary: `remove ${name}: it is not wanted any more` }, [{ idOrName: name }]),
    );
  }

  function announce(wanted: Target): void {
    const { role, p2pPort } = wanted;
    const isReplacement = breakerKind(input.cause) === 'replacement';
    // Users know the text of a forwarded engine's replacement.
    const who = isReplacement && role === 'forwarded' ? 'autoscaler will' : 'will';
    const what = `${role === 'forwarded' ? 'Forwarded engine' : 'Engine'} ${isReplacement ? 'replacement' : 'provisioning'}`;
    const onPort = p2pPort === null ? '' : ` with port ${p2pPort}`;
    log.info(`[${vpn}] ${what} triggered - ${who} provision new engine${onPort}`, { event: 'provisioning' });
  }

  const upToDate = () => target === null || ready?.generation === target.generation;

  async function releaseAll(): Promise<void> {
    const engines = input.old.filter((e) => !released.has(e.id));
    await evict(engines);
    await Promise.all(engines.map(letGo));
  }

  async function untilComplete(): Promise<void> {
    let allReleased = false;
    const releasing = releaseAll().then(() => (allReleased = true));
    for (;;) {
      for (let wanted = target; wanted && !upToDate(); wanted = target) {
        // The port keeps moving. An old engine that is being let go would have to wait anew.
        if (historyIsLong(allReleased ? 1 : 2)) await renew();
        if (ready) await discard({ ...ready.engine, generation: ready.generation });
        ready = null;
        await provision(wanted);
      }
      await condition(() => allReleased || !upToDate());
      if (!upToDate()) continue;
      await releasing;
      if (tellsEnd) await tell(replacementEndedSignal, { generation: target?.generation ?? null, failedAttempts });
      if (upToDate()) return;
    }
  }

  if (target && !input.progress) announce(target);
  await Promise.race([untilComplete(), condition(() => renewal && telling === 0)]);
  if (renewal) {
    await continueAsNew<typeof replaceEngine>({
      ...input,
      target,
      progress: { released: [...released], ready, failedAttempts, heldUntil, draining, drainUntil, tellsEnd },
    });
  }
  const { id = null, name = null } = ready?.engine ?? {};
  return {
    generation: target?.generation ?? null,
    failedAttempts,
    newEngine: id === null || name === null ? null : { id, name },
    released: input.old.map((e) => e.name).filter((old) => !leftBehind.has(old)),
  };
}

const PROVISIONING = 'provisioning';

/** There is nothing to stop of these. */
const DEAD: Partial<Record<Cause, string>> = { 'engine died': 'has died', 'engine missing': 'is missing' };

const IN_LOG: Partial<Record<Cause, string>> = {
  'port changed': 'port change',
  forced: 'forced replacement',
  'VPN restarted': "the VPN's restart",
  'VPN reconnected': "the VPN's reconnection",
  'engine unhealthy': 'an API that does not answer',
  removed: 'a request to remove it',
};

function reasonInLog(cause: Cause): string {
  return IN_LOG[cause] ?? cause;
}
