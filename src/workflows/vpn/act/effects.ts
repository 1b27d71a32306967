import {
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  sleep,
  startChild,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { Replacement, ReplacementInput } from '../../../domain/replacement';
import { messageOf } from '../../../lib/errors';
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

/** The first retry is soon: the failure may have passed by then. */
const PULL_AGAIN_FIRST_MS = 5_000;
const PULL_AGAIN_MS = 60_000;
/** How often a replacement that a former run started is asked whether it still runs: Temporal reports its end to the former run only. */
const ASK_AGAIN_MS = 60_000;
/** The same for one that may wait for days: for the circuit breaker, for streams to finish, or for Docker to remove an engine. */
const ASK_WAITING_AGAIN_MS = 10 * 60_000;

/** Tells a replacement to give up. Otherwise it would go on without end, and could work against the next workflow of its VPN. */
export async function abandon(replacementId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(replacementId).signal(messages.abandonSignal);
  } catch {
    // It has ended.
  }
}

/** Carries out what was decided, outside the state, and takes the results into the state. */
export class Effects {
  private due: Effect[] = [];
  /** The image is being pulled, or a failed pull waits for its retry. */
  private pulling = false;
  private readonly lastAsked = new Map<number, number>();
  /** By number, for each replacement that this run has started: resolves when its end is in the state. */
  private readonly ends = new Map<number, Promise<void>>();

  /** @param changed is called when the image may be pulled again */
  constructor(
    private readonly vpn: string,
    private readonly state: VpnState,
    private readonly changed: () => void,
  ) {}

  /** Adds effects, which the workflow carries out in the same workflow task. */
  add(...effects: readonly (Effect | null)[]): void {
    this.due.push(...effects.filter((e) => e !== null));
  }

  get areDue(): boolean {
    return this.due.length > 0;
  }

  async carryOut(): Promise<void> {
    const effects = this.due;
    this.due = [];
    // Starts come first: a signal to a workflow that has not been started fails.
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
      // It has ended or was terminated, or its id is still in use: the decision after the next snapshot does what is missing.
      log.warn(`[${this.vpn}] replacement ${replacement.id} can't be reached: ${messageOf(error)}`);
      replacementLost(this.state, replacement.number, Date.now());
    }
  }

  private async start(replacement: Replacement): Promise<void> {
    const { number } = replacement;
    const { incarnation } = this.state.data;
    const child = await begin(this.state.data, replacement);
    const end = child.result().then(
      ({ generation, failedAttempts }) =>
        replacementEnded(this.state, { number, incarnation, generation, failedAttempts }, Date.now()),
      () => log.warn(`[${this.vpn}] replacement ${replacement.id} has ended before its time`),
    );
    this.ends.set(
      number,
      // A failure or a termination, or an end with a target that the replacement does not have any more, leaves it running in the state.
      end.then(() => replacementLost(this.state, number, Date.now())),
    );
  }

  /** When the next replacement has to be asked whether it still runs; null: Temporal reports the end of each of them to this run. */
  get askAt(): number | null {
    return earliest(...runningReplacements(this.state.data).map((r) => this.askAgainAt(r)));
  }

  /** Asks the replacements whose turn has come whether they still run. Null: there is none. */
  askSilent(): Promise<unknown> | null {
    const now = Date.now();
    const silent = runningReplacements(this.state.data).filter((r) => (this.askAgainAt(r) ?? Infinity) <= now);
    return silent.length === 0 ? null : Promise.all(silent.map((r) => this.askWhetherItRuns(r)));
  }

  /** When to ask a replacement again; null: Temporal reports its end to this run. */
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

  /** Somebody may have terminated it, and the state would have it as running without end. */
  private async askWhetherItRuns(replacement: Replacement): Promise<void> {
    this.lastAsked.set(replacement.number, Date.now());
    try {
      await getExternalWorkflowHandle(replacement.id).signal(messages.retargetSignal, null);
    } catch {
      log.warn(`[${this.vpn}] replacement ${replacement.id} has ended before its time`);
      replacementLost(this.state, replacement.number, Date.now());
    }
  }

  /** Has running replacements signal their end: Temporal does not report it to the next run, which did not start them. */
  async handOver(): Promise<void> {
    await Promise.all(
      runningReplacements(this.state.data).map(async ({ id, number }) => {
        try {
          await getExternalWorkflowHandle(id).signal(messages.retargetSignal, null);
        } catch {
          // It has ended just now, and Temporal reports that to this run.
          await (this.ends.get(number) ?? replacementLost(this.state, number, Date.now()));
        }
      }),
    );
  }

  /** Pulls the image where it is missing, unless the settings forbid that. */
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
    incarnation: data.incarnation,
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
    // Otherwise Temporal would terminate it when this run continues as new.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: summary(vpn, replacement),
  });
}
