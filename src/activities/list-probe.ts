import { pauseUntil } from '../pause';

const ASK_EVERY_MS = 100;
const STOOD_STILL_MS = 400;

/** @param begun on `performance`'s clock */
type Listener = (begun: number, answered: boolean) => void;

/**
 * Asks a VPN's workflow for its list again and again, as APIs do, for as long as somebody wants to know whether they are
 * answered. All of them share the questions: 100 engines may be let go at the same time.
 */
export class ListProbe {
  private readonly listeners = new Set<Listener>();
  private asking = false;

  /** @param isAnswered asks once, in an API's time */
  constructor(private readonly isAnswered: () => Promise<boolean>) {}

  /**
   * Resolves with true once every question of the last `ms` was answered, and with false when that is not so within
   * `withinMs`.
   */
  answered({ ms, withinMs }: { ms: number; withinMs: number }, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const from = performance.now();
      let since: number | null = null;
      const end = (answered: boolean) => {
        this.listeners.delete(listen);
        signal.removeEventListener('abort', abort);
        resolve(answered);
      };
      const abort = () => end(false);
      if (signal.aborted) return resolve(false);
      const listen: Listener = (begun, isAnswered) => {
        if (begun < from) return;
        since = isAnswered ? (since ?? begun) : null;
        if (since !== null && begun - since >= ms) end(true);
        else if (performance.now() - from >= withinMs) end(false);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.listeners.add(listen);
      if (!this.asking) void this.ask();
    });
  }

  private async ask(): Promise<void> {
    this.asking = true;
    for (let ended = performance.now(); this.listeners.size > 0;) {
      const begun = performance.now();
      // In time in which this process stood still others may have asked in vain.
      if (begun - ended > STOOD_STILL_MS) this.tell(begun, false);
      const answered = await this.isAnswered();
      this.tell(begun, answered);
      ended = performance.now();
      if (this.listeners.size > 0) await pauseUntil(ASK_EVERY_MS);
    }
    this.asking = false;
  }

  private tell(begun: number, answered: boolean): void {
    for (const listen of this.listeners) listen(begun, answered);
  }
}
