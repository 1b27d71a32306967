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
import { failureOf, type Failure } from './failure';
import { historyIsLong } from '../shared/long-history';
import { attemptFailedSignal } from '../vpn/messages';
import { abandoned, attemptFailed, isHeld, workOf, type Work } from './work';

export const PROVISIONING = 'provisioning';

const LONGEST_PAUSE_MS = 10_000;
/** A container that Docker does not remove is tried less often. While it runs it holds its port for no longer than this. */
const LEFT_OVER_PAUSE_MS = 60_000;
/** After an error that no retry mends. */
const PERMANENT_ERROR_PAUSE_MS = 60_000;
const LONGEST_TIMER_MS = 24 * 60 * 60_000;

/** The history has grown long: what is done is carried over to a new run, and what is not done is tried again there. */
export class HistoryFull extends Error {}

/** Which replacement says it. */
type Sender = Pick<ReplacementInput, 'lineage' | 'number'>;

/** One run of a replacement's workflow: its work, its retries, and what it tells the VPN's workflow. */
export class Run {
  private current: Work;
  private readonly parent;
  private ofTarget: CancellationScope | null = null;
  /** Signals under way; the end of the run would lose them. */
  private telling = 0;

  constructor(readonly input: ReplacementInput) {
    this.current = workOf(input, Date.now());
    this.parent = getExternalWorkflowHandle(vpnWorkflowId(input.instance, input.vpn));
  }

  get work(): Work {
    return this.current;
  }

  /** The only way in which the work changes. What is done for a target ends with it. */
  change(next: (work: Work) => Work): void {
    const { target } = this.current;
    this.current = next(this.current);
    if (target && !this.wants(target)) this.ofTarget?.cancel();
  }

  wants({ generation }: Target): boolean {
    return this.current.target?.generation === generation;
  }

  /** @returns null: the target has moved, before or meanwhile */
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

  async untilTold(): Promise<void> {
    await condition(() => this.telling === 0);
  }

  /** A VPN's workflow that is gone ends the search for a new engine. */
  async tell<T extends Sender>(signal: SignalDefinition<[T]>, message: NoInfer<Omit<T, keyof Sender>>): Promise<void> {
    const { lineage, number, vpn } = this.input;
    this.telling++;
    try {
      await this.parent.signal(signal, { lineage, number, ...message } as T);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn(`[${vpn}] the VPN's workflow is not there: ${failureOf(error).message}`);
      this.change(abandoned);
    } finally {
      this.telling--;
    }
  }

  /** Tries until it is done. The VPN is told of failures, and the log once of each different one. */
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

  /** While the circuit breaker is open nothing is tried. A reset may end that at any time. */
  async untilAllowed(): Promise<void> {
    while (isHeld(this.work, Date.now())) {
      const { heldUntil } = this.work;
      const ms = Math.min((heldUntil ?? 0) - Date.now(), LONGEST_TIMER_MS);
      // The VPN's workflow asks again and again whether this one runs, which fills the history of one that is held for days.
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
    // The circuit breaker counts each failed provisioning. Of other failures the 1st, 2nd, 4th, 8th… keep the VPN's history small.
    if (!provisioning && !isNew && !Number.isInteger(Math.log2(count))) return;
    const { failedAttempts, target } = this.work;
    const hasCallersEnv = typeof target?.extras?.sealedEnv === 'string';
    await this.tell(attemptFailedSignal, {
      failedAttempts,
      error: `${what}: ${message}`,
      provisioning,
      taken: portsTaken?.taken ?? null,
      // The caller's environment may be at fault; and an engine that was not started, because of a taken port, has cost nothing.
      countsForBreaker: !hasCallersEnv && portsTaken?.started !== false,
    });
  }

  private pauseMs(count: number, { permanent }: Failure): number {
    if (permanent) return PERMANENT_ERROR_PAUSE_MS;
    const longest = this.input.cause === 'left over' ? LEFT_OVER_PAUSE_MS : LONGEST_PAUSE_MS;
    return Math.min(longest, 500 * 2 ** (count - 1));
  }
}
