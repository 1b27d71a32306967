import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Instant } from '../../domain/engine';

export function earliest(...instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/**
 * Rings at the time that it is set to. Set to the same time again it costs nothing, so that a workflow with much to hear
 * does not write a timer's end and the start of the next one into its history each time.
 */
export class Alarm {
  private at: Instant | null = null;
  private scope: CancellationScope | null = null;

  /** @param rung is called when the time has come; not if it had come already when it was set */
  constructor(private readonly rung: () => void = () => {}) {}

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
          if (this.scope !== scope) return;
          this.at = null;
          this.rung();
        },
        () => {},
      );
  }

  /** Whether the time has come since it was set. @param at what it was set to */
  hasRung(at: Instant | null): boolean {
    return at !== null && (this.at === null || at <= Date.now());
  }
}
