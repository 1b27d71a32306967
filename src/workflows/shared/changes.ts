import { condition } from '@temporalio/workflow';

/**
 * Counts the changes in a workflow, of its state and of everything else that may give its loop something to do. The loop
 * sleeps until there is another one.
 */
export class Changes {
  private count = 0;

  readonly note = (): void => {
    this.count++;
  };

  /** Nothing may be awaited between what the caller has dealt with and this. */
  next(): Promise<void> {
    const dealtWith = this.count;
    return condition(() => this.count !== dealtWith);
  }
}
