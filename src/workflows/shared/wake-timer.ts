import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Instant } from '../../domain/engine';

/** Null: there is none. */
export function earliest(...instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/**
 * Wakes a workflow at a time. Setting it to the same time again starts no other timer, so that a workflow with many signals does not
 * write the end of one timer and the start of the next into its history each time.
 */
export class WakeTimer {
  private at: Instant | null = null;
  private scope: CancellationScope | null = null;

  /** @param woken is called when the time has come; not if it had come already when the timer was set */
  constructor(private readonly woken: () => void) {}

  /** @param at null: never */
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
          // Whatever the clock says: setting it to the same time after this starts another timer.
          if (this.scope !== scope) return;
          this.at = null;
          this.woken();
        },
        () => {},
      );
  }
}
