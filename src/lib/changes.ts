import { pauseUntil } from './pause';

/** Lets code wait for a condition that can become true only at certain moments. */
export class Changes {
  /** The number of changes so far. */
  count = 0;
  private readonly checks = new Set<() => void>();

  /** To be called after each change. */
  changed(): void {
    this.count++;
    for (const check of this.checks) check();
  }

  /** Resolves once the condition is true, after `ms`, or as soon as one of the signals is aborted. */
  async until(condition: () => boolean, ms: number, ...signals: AbortSignal[]): Promise<void> {
    if (condition() || ms <= 0) return;
    const isTrue = new AbortController();
    const check = () => {
      if (condition()) isTrue.abort();
    };
    this.checks.add(check);
    await pauseUntil(ms, isTrue.signal, ...signals);
    this.checks.delete(check);
  }
}
