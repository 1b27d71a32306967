import {
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ContainerId, Engine, EngineRef } from '../domain/engine';
import { vpnWorkflowId } from '../domain/names';
import type { Cause, ReplacementInput, Target } from '../domain/replacement';
import { awaitEngine, awaitGone, createEngine, evictEngine, removeEngine, stopEngine } from './activities';
import { attemptFailedSignal, engineReadySignal, replacementEndedSignal, retargetSignal } from './messages';
import { parseTarget } from './parse';

const LONGEST_PAUSE_MS = 10_000;
const HOPELESS_PAUSE_MS = 60_000;

/**
 * Replaces an engine, and does not end before the old one is gone and the new one answers, whatever fails on the
 * way. Both sides are optional: without an old engine it provisions, without a target it lets go. The VPN workflow
 * has hidden the old engine before this workflow exists, so the grace counts from its start.
 */
export async function replaceEngine(input: ReplacementInput): Promise<void> {
  const { vpn } = input;
  let target = input.target;
  let failedAttempts = input.progress?.failedAttempts ?? 0;
  let ready = input.progress?.ready ?? null;
  /** History has grown long from trying: what is done is carried over, what is not is tried in a new run. */
  let renewal = false;
  const released = new Set<ContainerId>(input.progress?.released);
  const dueToCause = `due to ${reasonInLog(input.cause)}`;
  const parent = getExternalWorkflowHandle(vpnWorkflowId(input.instance, vpn));

  setHandler(retargetSignal, (value) => {
    // Only asked whether this still runs.
    if (value === null) return;
    const moved = parseTarget(value);
    if (!moved) log.warn(`[${vpn}] signal retarget ignored: not a target`);
    else if (target && moved.generation > target.generation) target = moved;
  });

  /** Tries until it is done. A failure is told to the VPN, once while it stays the same, and to the log. */
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
        const { message, hopeless } = failureOf(error);
        failedAttempts++;
        const pause = hopeless ? HOPELESS_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 500 * 2 ** (attempt - 1));
        if (message !== lastError) {
          lastError = message;
          log.error(`[${vpn}] ${what} failed, trying again: ${message}`, { event: 'attempt failed', attempt });
          await tell(attemptFailedSignal, { failedAttempts, error: `${what}: ${message}` });
        }
        if (workflowInfo().continueAsNewSuggested) {
          renewal = true;
          await condition(() => false);
        }
        await condition(() => !given(), pause);
      }
    }
    return null;
  }

  async function tell(signal: typeof attemptFailedSignal, message: object): Promise<void> {
    try {
      await parent.signal(signal, { lineage: input.lineage, number: input.number, ...message });
    } catch (error) {
      // Retired, or its state was lost with another database: what was done here is found from Docker.
      if (isCancellation(error)) throw error;
      log.warn(`[${vpn}] the VPN's workflow can't be told: ${failureOf(error).message}`);
    }
  }

  async function letGo(engine: EngineRef): Promise<void> {
    if (released.has(engine.id)) return;
    const what = engine.role === 'forwarded' ? 'forwarded engine' : 'engine';
    await untilDone(`evicting ${engine.name}`, () =>
      evictEngine.executeWithOptions({ summary: `evict ${engine.name}` }, [{ engine }]),
    );
    const grace = input.startedAt + input.evictionGraceMs - Date.now();
    if (grace > 0) await sleep(grace, { summary: 'eviction grace: proxies keep their list for 2 s' });
    log.info(`[${vpn}] Stopping ${what} ${engine.name} ${dueToCause}`, { event: 'stopping', engine: engine.id });
    await untilDone(`stopping ${engine.name}`, async () => {
      await stopEngine.executeWithOptions({ summary: `stop ${engine.name}` }, [
        { engine, timeoutS: input.stopTimeoutS },
      ]);
      await removeEngine.executeWithOptions({ summary: `remove ${engine.name}` }, [{ engine }]);
    });
    log.info(`[${vpn}] Successfully stopped ${what} ${engine.name}`, { event: 'stopped', engine: engine.id });
    released.add(engine.id);
  }

  async function provision(wanted: Target): Promise<void> {
    const current = () => target?.generation === wanted.generation;
    const scope = new CancellationScope();
    const made: { engine: Engine | null } = { engine: null };
    void condition(() => !current()).then(() => scope.cancel());
    const attempt = async () => {
      if (wanted.waitFor.length > 0) {
        await awaitGone.executeWithOptions({ summary: 'wait until the old engine has left its port' }, [
          { ids: wanted.waitFor },
        ]);
      }
      // Short, and seen to its end even when the port moves: a container that nobody heard of would hold its ports.
      const engine = await CancellationScope.nonCancellable(() => create(wanted));
      made.engine = engine;
      try {
        await awaitEngine.executeWithOptions({ summary: `wait until ${engine.name} answers` }, [
          { vpn, engine, timeoutMs: input.startupTimeoutMs },
        ]);
      } catch (error) {
        if (!isCancellation(error)) await discard(engine);
        throw error;
      }
      return engine;
    };
    let answering: Engine | null = null;
    try {
      answering = await scope.run(() => untilDone('provisioning', attempt, current));
    } catch (error) {
      if (!isCancellation(error) || current()) throw error;
    }
    if (answering && current()) {
      ready = { generation: wanted.generation, engine: { ...answering, ready: true, health: 'healthy' } };
      await tell(engineReadySignal, { generation: wanted.generation, engine: ready.engine });
    } else {
      await discard(made.engine);
    }
  }

  function create(wanted: Target): Promise<Engine> {
    const { instance, lineage, number } = input;
    const on = wanted.p2pPort === null ? '' : ` on port ${wanted.p2pPort}`;
    return createEngine.executeWithOptions({ summary: `provision ${wanted.role} engine${on}` }, [
      { vpn, instance, lineage, number, target: wanted },
    ]);
  }

  /** An engine made for a target that has moved. It was never listed, so no proxy can have it. */
  async function discard(engine: Engine | null): Promise<void> {
    if (!engine) return;
    await untilDone(`removing ${engine.name}`, () =>
      removeEngine.executeWithOptions({ summary: `remove ${engine.name}: its port is gone` }, [{ engine }]),
    );
  }

  function announce(wanted: Target): void {
    log.info(
      wanted.role === 'forwarded'
        ? `[${vpn}] Forwarded engine replacement triggered - autoscaler will provision new engine with port ${wanted.p2pPort}`
        : `[${vpn}] Engine replacement triggered - will provision new engine`,
      { event: 'provisioning' },
    );
  }

  const upToDate = () => target === null || ready?.generation === target.generation;

  async function replace(): Promise<void> {
    let allReleased = false;
    const releasing = Promise.all(input.old.map(letGo)).then(() => (allReleased = true));
    for (;;) {
      for (let wanted = target; wanted && !upToDate(); wanted = target) {
        if (ready) await discard(ready.engine);
        ready = null;
        await provision(wanted);
      }
      await condition(() => allReleased || !upToDate());
      if (!upToDate()) continue;
      await releasing;
      await tell(replacementEndedSignal, { generation: target?.generation ?? null });
      if (upToDate()) return;
    }
  }

  if (target && !input.progress) announce(target);
  await Promise.race([replace(), condition(() => renewal)]);
  if (renewal) {
    await continueAsNew<typeof replaceEngine>({
      ...input,
      target,
      progress: { released: [...released], ready, failedAttempts },
    });
  }
}

/** The cause beneath Temporal's wrapping, and whether trying again soon has any prospect. */
function failureOf(error: unknown): { message: string; hopeless: boolean } {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const type = cause instanceof Error && 'type' in cause ? cause.type : null;
  return { message: message.slice(0, 900), hopeless: type === 'Hopeless' };
}

function reasonInLog(cause: Cause): string {
  if (cause === 'port changed') return 'port change';
  return cause === 'forced' ? 'forced replacement' : cause;
}
