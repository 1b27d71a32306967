import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  sleep,
  type SignalDefinition,
} from '@temporalio/workflow';
import { vpnWorkflowId } from '../../domain/names';
import type { ReplacementInput, Target } from '../../domain/replacement';
import { growingPause } from '../../lib/growing-pauses';
import { failureOf, type Failure } from './failure';
import { historyIsLong } from '../shared/long-history';
import { attemptFailedSignal } from '../vpn/messages';
import { abandoned, attemptFailed, isHeld, workOf, type Work } from './work';

export const PROVISIONING = 'provisioning';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** For a container that Docker does not remove. Once Docker can remove it, it holds its port for no longer than this. */
const LEFT_OVER_PAUSE_MS = 60_000;
/** After an error that no retry mends. */
const PERMANENT_ERROR_PAUSE_MS = 60_000;
const LONGEST_TIMER_MS = 24 * 60 * 60_000;

/** The history has grown long: the workflow continues as new. The next run carries over what is done, and tries the rest again. */
export class HistoryFull extends Error {}

/** Identifies the replacement that sends a message. */
type Sender = Pick<ReplacementInput, 'incarnation' | 'number'>;

/** One run of a replacement's workflow: its work, its retries, and its signals to the VPN's workflow. */
export class Run {
  private current: Work;
  private readonly parent;
  private ofTarget: CancellationScope | null = null;
  /** How many signals are being sent: the end of the run would lose them. */
  private telling = 0;

  constructor(readonly input: ReplacementInput) {
    this.current = workOf(input, Date.now());
    this.parent = getExternalWorkflowHandle(vpnWorkflowId(input.instance, input.vpn));
  }

  get work(): Work {
    return this.current;
  }

  /** The only way to change the work. When the target moves, what is under way for the former one is cancelled. */
  change(next: (work: Work) => Work): void {
    const { target } = this.current;
    this.current = next(this.current);
    if (target && !this.wants(target)) this.ofTarget?.cancel();
  }

  wants({ generation }: Target): boolean {
    return this.current.target?.generation === generation;
  }

  /** @returns null: the target has moved, so the work was not begun, or was cancelled */
  async whileWanted<T>(target: Target, work: () => Promise<T>): Promise<T | null> {
    if (!this.wants(target)) return null;
    this.ofTarget = new CancellationScope();
    try {
      return await this.ofTarget.run(work);
    } catch (error) {
      if (!isCancellation(error) || this.wants(target)) throw error;
      return null;
    } finally {
      this.ofTarget = null;
    }
  }

  /** @throws HistoryFull */
  endIfLong(times = 1): void {
    if (historyIsLong(times)) throw new HistoryFull();
  }

  async untilSignalsSent(): Promise<void> {
    await condition(() => this.telling === 0);
  }

  /** Signals the VPN's workflow. If that does not exist any more, no new engine is brought up. */
  async tell<T extends Sender>(signal: SignalDefinition<[T]>, message: NoInfer<Omit<T, keyof Sender>>): Promise<void> {
    const { incarnation, number, vpn } = this.input;
    this.telling++;
    try {
      await this.parent.signal(signal, { incarnation, number, ...message } as T);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn(`[${vpn}] the VPN's workflow is not there: ${failureOf(error).message}`);
      this.change(abandoned);
    } finally {
      this.telling--;
    }
  }

  /** Tries until it succeeds. The VPN is told of failures; a failure is logged unless it is the same as the one before. */
  async untilDone<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    let lastError: string | null = null;
    for (let count = 1; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        if (isCancellation(error) || error instanceof HistoryFull) throw error;
        const failure = failureOf(error);
        const isNew = failure.message !== lastError;
        lastError = failure.message;
        await this.failed(what, count, failure, isNew);
        this.endIfLong();
        await sleep(this.pauseMs(count, failure), { summary: `until ${what} is tried again` });
      }
    }
  }

  /** Waits while the circuit breaker holds this replacement back. A reset of the breaker may end that at any time. */
  async untilAllowed(): Promise<void> {
    while (isHeld(this.work, Date.now())) {
      const { heldUntil } = this.work;
      const ms = Math.min((heldUntil ?? 0) - Date.now(), LONGEST_TIMER_MS);
      // The VPN's workflow keeps asking whether this one runs, which fills the history while it is held back for days.
      await condition(() => this.work.heldUntil !== heldUntil || historyIsLong(), ms);
      this.endIfLong();
    }
  }

  private async failed(what: string, count: number, failure: Failure, isNew: boolean): Promise<void> {
    const { message, ofEngine, portsTaken } = failure;
    this.change(attemptFailed);
    if (isNew) {
      log.error(`[${this.input.vpn}] ${what} failed, trying again: ${message}`, {
        event: 'attempt failed',
        attempt: count,
      });
    }
    const provisioning = ofEngine && what === PROVISIONING;
    // The VPN's circuit breaker counts each failed provisioning. Of other failures only the 1st, 2nd, 4th, 8th… are sent, to keep the
    // VPN's history short.
    if (!provisioning && !isNew && !Number.isInteger(Math.log2(count))) return;
    const { failedAttempts, target } = this.work;
    const hasCallersEnv = typeof target?.callerOptions?.sealedEnv === 'string';
    await this.tell(attemptFailedSignal, {
      failedAttempts,
      error: `${what}: ${message}`,
      provisioning,
      taken: portsTaken?.taken ?? null,
      // Not where the caller's environment may be the cause, nor where the engine was not started because of a taken port.
      countsForBreaker: !hasCallersEnv && portsTaken?.started !== false,
    });
  }

  private pauseMs(count: number, { permanent }: Failure): number {
    if (permanent) return PERMANENT_ERROR_PAUSE_MS;
    const longest = this.input.cause === 'left over' ? LEFT_OVER_PAUSE_MS : LONGEST_PAUSE_MS;
    return growingPause(FIRST_PAUSE_MS, longest, count - 1);
  }
}
