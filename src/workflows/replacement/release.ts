import { condition, log, sleep } from '@temporalio/workflow';
import type { Evicted } from '../../activities/engine/evict-engines';
import type { EngineRef } from '../../domain/engine';
import { evictEngines, releaseEngine } from '../shared/activities';
import { historyIsLong } from '../shared/long-history';
import { leaveAskedSignal } from '../vpn/messages';
import { stopped, stopping } from './log-texts';
import type { Removal } from './removal';
import type { Run } from './run';
import { drainsUntil, engineReleased, enginesHidden, mayStop, unreleased } from './work';

/** Longer than PROXY_CACHE_S, ENGINES_MAX_AGE_MS and the deadline of a query together. */
const PROPAGATED_WITHIN_MS = 13_000;
/** After so many rounds engines are stopped all the same: a list that is stale for longer than ENGINES_STALE_LIMIT_S, 30 s by default, is not served. */
const ROUNDS_AT_MOST = 3;

/** Releases the old engines, all at the same time. */
export async function release(run: Run, removal: Removal): Promise<void> {
  const engines = unreleased(run.work, run.input.old);
  await evict(run, engines);
  if (engines.length > 0) run.change((work) => enginesHidden(work, Date.now()));
  await Promise.all(
    engines.map(async (engine) => {
      await drain(run, engine);
      await stop(run, removal, engine);
    }),
  );
}

/**
 * From now on Docker restarts none of the old engines, and they run on until every proxy has a list without them. A proxy keeps its
 * list for about 2 s, and an API serves its last list while the workflow does not answer. So the activity asks for the list as an API
 * does, and waits from the answer on: list propagation. If the grace is longer than PROPAGATED_WITHIN_MS, the rest of it passes first.
 */
async function evict(run: Run, engines: readonly EngineRef[]): Promise<void> {
  if (engines.length === 0) return;
  const { vpn, evictionGraceMs } = run.input;
  const propagationMs = Math.min(evictionGraceMs, PROPAGATED_WITHIN_MS);
  const names = engines.map((e) => e.name).join(', ');
  const refusals = new Refusals(vpn);
  const round = async (ms: number): Promise<Evicted> => {
    const summary = `evict ${names}${ms === 0 ? '' : ': until all have a list without it'}`;
    const evicted = await run.untilDone(`evicting ${names}`, () =>
      evictEngines.executeWithOptions({ summary }, [{ vpn, engines, propagationMs: ms }]),
    );
    refusals.log(evicted.refused);
    return evicted;
  };
  if (evictionGraceMs > propagationMs) {
    await round(0);
    await sleep(evictionGraceMs - propagationMs, { summary: 'eviction grace: proxies keep their list' });
  }
  for (let asked = 1; asked <= ROUNDS_AT_MOST; asked++) {
    const { propagated } = await round(propagationMs);
    if (propagated) return;
  }
}

/** Logs once for each engine that Docker does not change its restart policy. */
class Refusals {
  private readonly logged = new Set<string>();

  constructor(private readonly vpn: string) {}

  log(refused: Evicted['refused']): void {
    for (const { name, reason } of refused) {
      if (this.logged.has(name)) continue;
      this.logged.add(name);
      log.warn(
        `[${this.vpn}] Docker refuses to change the restart policy of engine ${name}, which is stopped anyway: ${reason}`,
      );
    }
  }
}

/** Waits for the engine's streams, until the drain time is over. No proxy chooses the engine any more. */
async function drain(run: Run, { id, name }: EngineRef): Promise<void> {
  const { vpn, leave, progress } = run.input;
  const until = drainsUntil(run.work, leave);
  if (until !== null && until <= Date.now()) return;
  if (progress === undefined && run.work.draining.includes(id)) {
    const limit = until === null ? '' : ` for ${Math.ceil((until - Date.now()) / 1000)} s`;
    log.info(`[${vpn}] Engine ${name} may finish its streams${limit}`, { event: 'draining', engine: id });
  }
  if (leave !== 'never') await run.tell(leaveAskedSignal, { engine: id });
  const isFree = (): boolean => mayStop(run.work, leave, id, Date.now());
  if (isFree()) return;
  const isOver = (): boolean => isFree() || historyIsLong();
  await (until === null ? condition(isOver) : condition(isOver, until - Date.now()));
  if (!isFree()) run.endIfLong();
}

async function stop(run: Run, removal: Removal, engine: EngineRef): Promise<void> {
  const { vpn, cause, stopTimeoutS } = run.input;
  const { id, name } = engine;
  log.info(`[${vpn}] ${stopping(cause, engine)}`, { event: 'stopping', engine: id });
  const isGone = await removal.release(engine, () =>
    releaseEngine.executeWithOptions({ summary: `stop and remove ${name}` }, [{ engine, timeoutS: stopTimeoutS }]),
  );
  if (isGone) log.info(`[${vpn}] ${stopped(cause, engine)}`, { event: 'stopped', engine: id });
  run.change((work) => engineReleased(work, engine, Date.now()));
}
