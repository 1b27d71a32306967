import { condition } from '@temporalio/workflow';

/**
 * Counts changes in a workflow: of its state, and of everything else that may give its loop something to do. The loop sleeps until the
 * next change.
 */
export class Changes {
  private count = 0;

  readonly note = (): void => {
    this.count++;
  };

  /** Resolves at the next change. The caller must have dealt with all earlier ones, without awaiting anything since then. */
  next(): Promise<void> {
    const dealtWith = this.count;
    return condition(() => this.count !== dealtWith);
  }
}
