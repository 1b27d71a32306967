/** Lets so many do something at once; the others wait for their turn, in order. */
export class Turns {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly atOnce: number) {}

  /** @throws the signal's reason when it is aborted before the turn has come */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.come(signal);
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // Handed over, so that nobody comes in between.
      if (next) next();
      else this.taken--;
    }
  }

  private async come(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.taken < this.atOnce) this.taken++;
    else {
      await new Promise<void>((resolve, reject) => {
        const turn = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          this.waiting.splice(this.waiting.indexOf(turn), 1);
          reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
        };
        this.waiting.push(turn);
        signal.addEventListener('abort', leave, { once: true });
      });
    }
  }
}
