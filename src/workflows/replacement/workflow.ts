import { CancellationScope, condition, continueAsNew, log, setHandler } from '@temporalio/workflow';
import type { EngineRef, Instant } from '../../domain/engine';
import type { EngineSummary, ReplacementInput, ReplacementResult } from '../../domain/replacement';
import {
  abandonSignal,
  drainingSignal,
  holdSignal,
  leaveSignal,
  replacementEndedSignal,
  retargetSignal,
} from '../vpn/messages';
import { isHold, readIds, readTarget } from './message-schemas';
import { triggered } from './log-texts';
import { provisionUntilUpToDate } from './provision';
import { release } from './release';
import { Removal } from './removal';
import { HistoryFull, Run } from './run';
import { abandoned, drainingChanged, granted, holdChanged, isUpToDate, progressOf, retargeted } from './work';

/**
 * Replaces an engine. It does not end before the old engine is gone and the new one answers, whatever fails meanwhile. Without an old
 * engine it only provisions, without a target it only releases. The VPN's workflow has hidden the old engine before. A cancellation is
 * ignored, since it would leave the replacement half done. After a termination the VPN's workflow does the rest.
 */
export function replaceEngine(input: ReplacementInput): Promise<ReplacementResult> {
  return CancellationScope.nonCancellable(async () => {
    const run = new Run(input);
    const removal = new Removal(run);
    handleSignals(run);
    const { target } = run.work;
    if (target && !input.progress) {
      log.info(`[${input.vpn}] ${triggered(input.cause, target)}`, { event: 'provisioning' });
    }
    try {
      await untilComplete(run, removal);
    } catch (error) {
      if (!(error instanceof HistoryFull)) throw error;
      await run.untilSignalsSent();
      const { work } = run;
      await continueAsNew<typeof replaceEngine>({ ...input, target: work.target, progress: progressOf(work) });
    }
    return resultOf(run, removal);
  });
}

function handleSignals(run: Run): void {
  const { vpn } = run.input;
  const ignored = (signal: string, expected: string): void =>
    log.warn(`[${vpn}] signal ${signal} ignored: not ${expected}`);
  setHandler(retargetSignal, (value) => {
    const moved = value === null ? null : readTarget(value);
    // The run of the VPN's workflow that started this one is over, and Temporal reports the end to that run only.
    if (value === null) run.change((work) => ({ ...work, tellsEnd: true }));
    else if (moved) run.change((work) => retargeted(work, moved));
    else ignored('retarget', 'a target');
  });
  setHandler(holdSignal, (value) => {
    if (isHold(value)) run.change((work) => holdChanged(work, value));
    else ignored('hold', 'a time');
  });
  setHandler(drainingSignal, (value) => {
    const ids = readIds(value);
    if (ids) run.change((work) => drainingChanged(work, ids));
    else ignored('draining', 'the ids of containers');
  });
  setHandler(leaveSignal, (value) => {
    const ids = readIds(value);
    if (ids) run.change((work) => granted(work, ids));
    else ignored('leave', 'the ids of containers');
  });
  setHandler(abandonSignal, () => run.change(abandoned));
}

/** Release and provisioning do not wait for each other: if the new engine needs a port of the old one, its target says so. */
async function untilComplete(run: Run, removal: Removal): Promise<void> {
  let isReleased = false;
  const releaseAll = async (): Promise<void> => {
    await release(run, removal);
    isReleased = true;
  };
  const provideWanted = async (): Promise<void> => {
    do {
      // While an old engine is being released the history may grow longer: in a new run the release would begin anew.
      await provisionUntilUpToDate(run, removal, () => run.endIfLong(isReleased ? 1 : 2));
      await condition(() => isReleased || !isUpToDate(run.work));
      if (isReleased && isUpToDate(run.work)) await tellEnd(run);
    } while (!isUpToDate(run.work));
  };
  await Promise.all([releaseAll(), provideWanted()]);
}

async function tellEnd(run: Run): Promise<void> {
  const { tellsEnd, target, failedAttempts } = run.work;
  if (!tellsEnd) return;
  await run.tell(replacementEndedSignal, { generation: target?.generation ?? null, failedAttempts });
}

function resultOf({ work, input }: Run, removal: Removal): ReplacementResult {
  const { hidden, ready, gone } = work.times;
  return {
    generation: work.target?.generation ?? null,
    cause: input.cause,
    oldEngines: input.old.map((engine) => ({ ...summaryOf(engine), removed: !removal.hasLeft(engine.name) })),
    newEngine: work.ready && summaryOf(work.ready.engine),
    failedAttempts: work.failedAttempts,
    times: { hidden: iso(hidden), ready: iso(ready), gone: iso(gone) },
  };
}

function summaryOf({ id, name, httpPort, p2pPort }: EngineRef): EngineSummary {
  return { id, name, httpPort, p2pPort };
}

function iso(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
