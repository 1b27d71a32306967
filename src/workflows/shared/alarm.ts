import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Instant } from '../../domain/engine';

/**
 * Rings at the time that it is set to. Set to the same time again it costs nothing, so that a workflow with much to hear
 * does not write a timer's end and the start of the next one into its history each time.
 */
export class Alarm {
  private at: Instant | null = null;
  private scope: CancellationScope | null = null;

  /** Null: it does not ring. */
  set(at: Instant | null): void {
    if (at === this.at) return;
    this.at = at;
    this.scope?.cancel();
    this.scope = null;
    if (at === null || at <= Date.now()) return;
    const scope = new CancellationScope();
    this.scope = scope;
    scope
      .run(() => sleep(at - Date.now(), { summary: 'the next decision' }))
      .then(
        () => {
          // Whatever the clock says: what is set to the same time after this is another timer.
          if (this.scope === scope) this.at = null;
        },
        () => {},
      );
  }

  /** Whether the time has come since it was set. @param at what it was set to */
  hasRung(at: Instant | null): boolean {
    return at !== null && (this.at === null || at <= Date.now());
  }
}
