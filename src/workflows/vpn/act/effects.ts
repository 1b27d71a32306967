import {
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { Replacement, ReplacementInput } from '../../../domain/replacement';
import { pullImage } from '../../shared/activities';
import { summary } from '../report/appearance';
import { cure } from './cure';
import { drainMs } from '../decide/drain';
import { failureMessage } from '../../shared/failure-message';
import * as messages from '../messages';
import type { replaceEngine } from '../../replacement/workflow';
import { WORKFLOW_TASK_TIMEOUT } from '../../shared/task-timeout';
import { runningReplacements, type VpnData } from '../data';
import { earliest } from '../../shared/wake-timer';
import { replacementEnded, replacementLost } from '../observe/replacement-reports';
import type { VpnState } from '../state';
import type { Effect } from './effect';

/** The first failure may be one of the moment. */
const PULL_AGAIN_FIRST_MS = 5_000;
const PULL_AGAIN_MS = 60_000;
/** A replacement that a former run has begun is asked so often whether it still runs: its end is told to that run. */
const ASK_AGAIN_MS = 60_000;
/** One that the circuit breaker holds back, whose engine has streams to finish or is not removed by Docker, may wait for days. */
const ASK_WAITING_AGAIN_MS = 10 * 60_000;

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A replacement that nobody waits for goes on trying without end, and may work against whoever comes next. */
export async function abandon(replacementId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(replacementId).signal(messages.abandonSignal);
  } catch {
    // It has ended.
  }
}

/** Does outside the state what was decided in it, and tells the state what came of it. */
export class Effects {
  private due: Effect[] = [];
  /** The image is being pulled, or its pull has ended a moment ago. */
  private pulling = false;
  private readonly lastAsked = new Map<number, number>();
  /** Of the replacements that this run has begun: resolves when its end has been taken in. */
  private readonly ends = new Map<number, Promise<void>>();

  /** @param changed is called when the image may be pulled again */
  constructor(
    private readonly vpn: string,
    private readonly state: VpnState,
    private readonly changed: () => void,
  ) {}

  /** To be carried out in this workflow task. */
  add(...effects: readonly (Effect | null)[]): void {
    this.due.push(...effects.filter((e) => e !== null));
  }

  get areDue(): boolean {
    return this.due.length > 0;
  }

  async carryOut(): Promise<void> {
    const effects = this.due;
    this.due = [];
    // What is begun only now could not be told anything yet.
    await Promise.all(effects.filter((e) => e.kind === 'start').map((e) => this.carryOutOne(e)));
    await Promise.all(effects.filter((e) => e.kind !== 'start').map((e) => this.carryOutOne(e)));
  }

  private async carryOutOne(effect: Effect): Promise<void> {
    if (effect.kind === 'remedy') {
      // Not awaited: everything else goes on meanwhile.
      void cure(this.vpn, this.state, effect.remedy);
      return;
    }
    const { replacement } = effect;
    const child = getExternalWorkflowHandle(replacement.id);
    try {
      if (effect.kind === 'start') await this.start(replacement);
      else if (effect.kind === 'hold') await child.signal(messages.holdSignal, effect.until);
      else if (effect.kind === 'abandon') await child.signal(messages.abandonSignal);
      else if (effect.kind === 'leave') await child.signal(messages.leaveSignal, effect.engines);
      else if (effect.kind === 'draining') await child.signal(messages.drainingSignal, effect.engines);
      else await child.signal(messages.retargetSignal, effect.target);
    } catch (error) {
      // Ended or terminated meanwhile, or an id still in use: the next snapshot finds what is missing.
      log.warn(`[${this.vpn}] replacement ${replacement.id} can't be reached: ${errorMessage(error)}`);
      replacementLost(this.state, replacement.number, Date.now());
    }
  }

  private async start(replacement: Replacement): Promise<void> {
    const { number } = replacement;
    const { lineage } = this.state.data;
    const child = await begin(this.state.data, replacement);
    const end = child.result().then(
      ({ generation, failedAttempts }) =>
        replacementEnded(this.state, { number, lineage, generation, failedAttempts }, Date.now()),
      () => log.warn(`[${this.vpn}] replacement ${replacement.id} has ended before its time`),
    );
    this.ends.set(
      number,
      // One that came to another end than its own, or to that of a target that it no longer has.
      end.then(() => replacementLost(this.state, number, Date.now())),
    );
  }

  /** When it has to be asked next whether a replacement still runs; null: all will tell their end. */
  get askAt(): number | null {
    return earliest(...runningReplacements(this.state.data).map((r) => this.askAgainAt(r)));
  }

  /** Null: there is none to be asked. */
  askSilent(): Promise<unknown> | null {
    const now = Date.now();
    const silent = runningReplacements(this.state.data).filter((r) => (this.askAgainAt(r) ?? Infinity) <= now);
    return silent.length === 0 ? null : Promise.all(silent.map((r) => this.askWhetherItRuns(r)));
  }

  /** Null: its end will be told. */
  private askAgainAt(replacement: Replacement): number | null {
    if (this.ends.has(replacement.number)) return null;
    const { target, readyAt, heldUntil, draining, old, cause } = replacement;
    const onlyDrains = draining.length > 0 && (target === null || readyAt !== null);
    const { leftOvers } = this.state.data;
    const isLeft = cause === 'left over' && old.some(({ id }) => leftOvers.some((e) => e.id === id));
    const isWaiting = heldUntil !== null || onlyDrains || isLeft;
    const pause = isWaiting ? ASK_WAITING_AGAIN_MS : ASK_AGAIN_MS;
    return (this.lastAsked.get(replacement.number) ?? replacement.startedAt) + pause;
  }

  /** Someone may have terminated it; it would be waited for without end. */
  private async askWhetherItRuns(replacement: Replacement): Promise<void> {
    this.lastAsked.set(replacement.number, Date.now());
    try {
      await getExternalWorkflowHandle(replacement.id).signal(messages.retargetSignal, null);
    } catch {
      log.warn(`[${this.vpn}] replacement ${replacement.id} has ended before its time`);
      replacementLost(this.state, replacement.number, Date.now());
    }
  }

  /** Has the replacements at work tell their end to the next run, which is nobody's parent. */
  async handOver(): Promise<void> {
    await Promise.all(
      runningReplacements(this.state.data).map(async ({ id, number }) => {
        try {
          await getExternalWorkflowHandle(id).signal(messages.retargetSignal, null);
        } catch {
          // It has ended just now, which this run is told.
          await (this.ends.get(number) ?? replacementLost(this.state, number, Date.now()));
        }
      }),
    );
  }

  /** Sees to it that the image is there, as far as it may be pulled. */
  keepImage(): void {
    const { snapshot, settings } = this.state.data;
    const isMissing = snapshot !== null && !snapshot.imagePresent && settings.pullPolicy !== 'never';
    if (isMissing && !this.pulling) void this.pull();
  }

  private async pull(): Promise<void> {
    this.pulling = true;
    const { image } = this.state.data.settings;
    try {
      await pullImage.executeWithOptions({ summary: `${this.vpn}: pull ${image}` }, [{ image }]);
    } catch (error) {
      const pauseMs = this.state.data.pullError === null ? PULL_AGAIN_FIRST_MS : PULL_AGAIN_MS;
      this.state.update({ pullError: failureMessage(error) });
      await sleep(pauseMs, { summary: 'until the image is pulled again' });
    }
    this.pulling = false;
    this.changed();
  }
}

async function begin(data: VpnData, replacement: Replacement): Promise<ChildWorkflowHandle<typeof replaceEngine>> {
  const { instance, vpn, evictionGraceMs, stopTimeoutS, startupTimeoutMs } = data.settings;
  const { number, cause, reason, old, target, heldUntil, draining, leave } = replacement;
  const input: ReplacementInput = {
    instance,
    vpn,
    lineage: data.lineage,
    number,
    cause,
    reason,
    old,
    target,
    heldUntil,
    evictionGraceMs,
    stopTimeoutS,
    startupTimeoutMs,
    draining,
    drainMs: drainMs(data, cause),
    leave,
  };
  return startChild<typeof replaceEngine>('replaceEngine', {
    workflowId: replacement.id,
    args: [input],
    // It outlives this run: continue-as-new would take it along otherwise.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: summary(vpn, replacement),
  });
}
