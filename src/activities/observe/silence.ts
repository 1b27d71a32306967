import { growingPause } from '../../lib/growing-pauses';

/**
 * An engine that falls silent again within this time stays hidden longer each time: each change is an event of the
 * workflow's history.
 */
const REMEMBERED_FOR_MS = 5 * 60_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/** Whether an engine has failed to answer, and has not answered steadily since. All times are monotonic. */
export class Silence {
  private silent = false;
  private times = 0;
  private last = -Infinity;
  private answersSince: number | null = null;

  get isSilent(): boolean {
    return this.silent;
  }

  unanswered(now: number): void {
    this.answersSince = null;
    if (!this.silent) this.times = now - this.last < REMEMBERED_FOR_MS ? this.times + 1 : 1;
    this.silent = true;
    this.last = now;
  }

  /** A first silence ends with the first answer, a repeated one after some time of answers. */
  answered(now: number): void {
    if (!this.silent) return;
    this.answersSince ??= now;
    const steadyMs = this.times <= 1 ? 0 : growingPause(SHORTEST_MS, LONGEST_MS, this.times - 2);
    if (now - this.answersSince >= steadyMs) this.silent = false;
  }
}
